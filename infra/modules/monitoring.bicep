// Where logs and traces go. Only Entra tokens are accepted: a leaked connection string writes nothing.
@description('Region of workspace and component.')
param location string

@description('Tags of every resource.')
param tags object = {}

@description('Short text that makes names unique.')
@minLength(5)
param token string

@description('Days for which logs are kept.')
param retentionDays int = 30

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-causeway-${token}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    features: {
      disableLocalAuth: true
      enableLogAccessUsingOnlyResourcePermissions: true
    }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-causeway-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Name of the component.')
output insightsName string = insights.name

@description('Says where to send; it is no secret, because local authentication is off.')
output insightsConnectionString string = insights.properties.ConnectionString
