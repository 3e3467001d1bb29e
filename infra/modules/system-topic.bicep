// The system topic of this Azure subscription, and alerts for events that it could not deliver.
@description('Tags of every resource.')
param tags object = {}

@description('Id of the workspace for delivery failures. Empty: they are not logged.')
param workspaceId string = ''

@description('Id of the action group of the alerts. Empty: they are shown in the portal alone.')
param actionGroupId string = ''

// Of every event subscription of the topic. What is dead-lettered or dropped, the next sweep finds.
var losses = [
  { metric: 'DeadLetteredCount', title: 'events were dead-lettered', code: 'dead-letters' }
  { metric: 'DroppedEventCount', title: 'events were dropped', code: 'dropped-events' }
]

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: 'causeway-${uniqueString(subscription().id)}'
  location: 'global'
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    source: subscription().id
    topicType: 'Microsoft.Resources.Subscriptions'
  }
}

resource failures 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (!empty(workspaceId)) {
  name: 'causeway'
  scope: topic
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'DeliveryFailures', enabled: true }
    ]
  }
}

resource alert 'Microsoft.Insights/metricAlerts@2018-03-01' = [for loss in losses: {
  name: 'causeway-${loss.code}'
  location: 'global'
  tags: tags
  properties: {
    description: 'Causeway: ${loss.title}. See docs/deploy.md, "Alerts".'
    severity: 2
    enabled: true
    scopes: [topic.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: loss.code
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: loss.metric
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: empty(actionGroupId) ? [] : array({ actionGroupId: actionGroupId })
  }
}]

@description('Name of the topic.')
output name string = topic.name

@description('Object id of the identity that delivers.')
output principalId string = topic.identity.principalId
