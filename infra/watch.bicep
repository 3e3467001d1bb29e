// One watched subscription: its events reach the queue of the app, and the app may read it and approve connections.
// main.bicep deploys it for watchedSubscriptions. By hand, for one more:
//   az deployment sub create --location REGION --template-file infra/watch.bicep --parameters ...
targetScope = 'subscription'

@description('Name of the environment that the app was deployed with.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of the resource group that is made here. The topic itself is global.')
param location string = deployment().location

@description('Object id of the identity of the app: the output CAUSEWAY_PRINCIPAL_ID.')
param principalId string

@description('Id of the storage account of the app: the output CAUSEWAY_STORAGE_ID. It has to be in the same tenant.')
param storageId string

@description('Id of the workspace for delivery failures: the output CAUSEWAY_WORKSPACE_ID. Empty: they are not logged.')
param workspaceId string = ''

@description('Id of the action group of the alerts: the output CAUSEWAY_ACTION_GROUP_ID. Empty: they are shown in the portal alone.')
param actionGroupId string = ''

@description('Resource types whose events are delivered. Default: every type that Causeway knows.')
param watchedTypes array = loadJsonContent('watched-types.json')

@description('What the app may write in this subscription: objects with role (endpoints, subnets, dns, peering or rules) and resourceGroup.')
param grants array = []

@description('Resource types that the app approves beside those of roles.json. Azure refuses the whole role for a type without this action: see az provider operation show.')
param approvedTypes array = []

@description('Resource types whose public network access the app may disable, where the policy says so. Empty: none.')
param publicAccessTypes array = []

@description('The app may delete what it made, in each resource group of grants.')
param allowRemoval bool = true

var storage = split(storageId, '/')
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}-events'
  location: location
  tags: tags
}

module rights 'modules/roles.bicep' = {
  params: {
    environmentName: environmentName
    principalId: principalId
    watched: true
    grants: grants
    approvedTypes: approvedTypes
    publicAccessTypes: publicAccessTypes
    allowRemoval: allowRemoval
  }
}

module topic 'modules/system-topic.bicep' = {
  scope: group
  params: { tags: tags, workspaceId: workspaceId, actionGroupId: actionGroupId }
}

module delivery 'modules/delivery-roles.bicep' = {
  scope: resourceGroup(storage[2], storage[4])
  params: { storageName: storage[8], principalId: topic.outputs.principalId }
}

module events 'modules/event-subscriptions.bicep' = {
  scope: group
  params: { topicName: topic.outputs.name, storageId: storageId, watchedTypes: watchedTypes }
  dependsOn: [delivery]
}

@description('Name of the system topic. An Azure subscription can have one only: delete or rename nothing of others.')
output topicName string = topic.outputs.name

@description('How many event subscriptions deliver: 25 operations each.')
output eventSubscriptions int = events.outputs.count
