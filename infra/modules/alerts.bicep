// Alerts on the app's log lines: one for each entry of alerts.json. Those on metrics of Event Grid: system-topic.bicep.
@description('Region of the rules.')
param location string

@description('Tags of every resource.')
param tags object = {}

@description('Id of the workspace that is queried.')
param workspaceId string

@description('Who gets the alerts by e-mail. Empty: they are shown in the portal alone.')
param email string = ''

var alerts = loadJsonContent('../alerts.json')
var notified = !empty(email)

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (notified) {
  name: 'ag-causeway'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'causeway'
    enabled: true
    emailReceivers: [
      { name: 'operators', emailAddress: email, useCommonAlertSchema: true }
    ]
  }
}

resource rule 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in alerts: {
  name: 'causeway-${alert.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: 'Causeway: ${alert.title}'
    description: '${alert.description} See docs/deploy.md, "Alerts".'
    severity: alert.severity
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: alert.frequency
    windowSize: alert.window
    criteria: {
      allOf: [
        {
          query: alert.query
          timeAggregation: 'Count'
          operator: alert.operator
          threshold: alert.threshold
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    autoMitigate: true
    skipQueryValidation: true // the tables exist once the app has logged its first line
    actions: { actionGroups: notified ? array(people.id) : [] }
  }
}]

@description('Id of the action group; empty without an e-mail address.')
output actionGroupId string = notified ? people.id : ''
