// What the identity of a system topic may do with the app's storage account: send events, and keep those that fail.
// Without the second one Event Grid saves no event subscription with a dead-letter container (docs/azure/event-grid.md, EG-18).
@description('Name of the storage account, in this resource group.')
param storageName string

@description('Object id of the topic\'s identity.')
param principalId string

var queueDataMessageSender = 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource deliver 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in [queueDataMessageSender, blobDataContributor]: {
  name: guid(account.id, principalId, role)
  scope: account
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}]
