// The topic for outcomes, for other programs to subscribe to.
@description('Region of the topic.')
param location string

@description('Tags of the topic.')
param tags object = {}

@description('Short text that makes names unique.')
@minLength(5)
param token string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: 'evgt-causeway-${token}'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

@description('Name of the topic.')
output name string = topic.name

@description('Where events are sent.')
output endpoint string = topic.properties.endpoint
