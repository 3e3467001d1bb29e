// The one identity of the app: it reads and writes Azure, and its own storage account, as this.
@description('Region of the identity.')
param location string

@description('Tags of every resource.')
param tags object = {}

@description('Short text that makes names unique.')
@minLength(5)
param token string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-causeway-${token}'
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output id string = identity.id

@description('What app settings name it by.')
output clientId string = identity.properties.clientId

@description('What role assignments name it by.')
output principalId string = identity.properties.principalId
