// Subscriptions below a management group: the app may read the whole group, and each listed subscription is watched.
// Name the group under management_groups in connectivity.yaml. A subscription that joins it later is swept by itself;
// its events come once this is deployed again with the longer list.
//   az deployment mg create --management-group-id ID --location REGION \
//     --template-file infra/management-group.bicep --parameters ...
targetScope = 'managementGroup'

@description('Name of the environment that the app was deployed with.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of the resource groups that are made.')
param location string = deployment().location

@description('Object id of the identity of the app: the output CAUSEWAY_PRINCIPAL_ID.')
param principalId string

@description('Id of the storage account of the app: the output CAUSEWAY_STORAGE_ID.')
param storageId string

@description('Id of the workspace for delivery failures: the output CAUSEWAY_WORKSPACE_ID.')
param workspaceId string = ''

@description('Id of the action group of the alerts: the output CAUSEWAY_ACTION_GROUP_ID.')
param actionGroupId string = ''

@description('Ids of the subscriptions below the group whose events are delivered.')
param subscriptionIds array = []

@description('Resource types that the app approves beside those of roles.json. Azure refuses the whole role for a type without this action: see az provider operation show.')
param approvedTypes array = []

@description('Resource types whose public network access the app may disable, where the policy says so. Empty: none.')
param publicAccessTypes array = []

@description('Resource types whose events are delivered. Default: every type that Causeway knows.')
param watchedTypes array = loadJsonContent('watched-types.json')

var reader = loadJsonContent('roles.json').read.builtIn

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(managementGroup().id, principalId, reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: tenantResourceId('Microsoft.Authorization/roleDefinitions', reader)
  }
}

module watch 'watch.bicep' = [for id in subscriptionIds: {
  scope: subscription(id)
  params: {
    environmentName: environmentName
    location: location
    principalId: principalId
    storageId: storageId
    workspaceId: workspaceId
    actionGroupId: actionGroupId
    watchedTypes: watchedTypes
    approvedTypes: approvedTypes
    publicAccessTypes: publicAccessTypes
  }
}]

@description('The subscriptions whose events are delivered now.')
output watched array = subscriptionIds
