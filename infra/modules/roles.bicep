// What the identity of the app may do in this Azure subscription: the roles of roles.json, and who gets them where.
// Each subscription has definitions of its own, so that a further one needs rights there alone.
targetScope = 'subscription'

@description('Name of the environment: role names are unique in a tenant.')
param environmentName string

@description('Object id of the identity.')
param principalId string

@description('The subscription is watched: the identity reads all of it and approves connections.')
param watched bool = true

@description('What the identity may write: objects with role (endpoints, subnets, dns, peering or rules) and resourceGroup.')
param grants array = []

@description('Resource types that the identity approves beside those of roles.json. Azure refuses the whole role for a type without this action: see az provider operation show.')
param approvedTypes array = []

@description('Resource types whose public network access the identity may disable, where the policy says so. Empty: none.')
param publicAccessTypes array = []

@description('The identity may delete what Causeway made, in each resource group of grants.')
param allowRemoval bool = true

var roles = loadJsonContent('../roles.json')
var approvals = union(roles.approve.actions, map(approvedTypes, kind => '${kind}/PrivateEndpointConnectionsApproval/action'))
var switches = map(publicAccessTypes, kind => '${kind}/write')
var chosen = { approve: approvals, public: switches }
var disables = watched && !empty(publicAccessTypes)
var groups = union(map(grants, grant => grant.resourceGroup), [])
var removals = map(allowRemoval ? groups : [], name => { role: 'remove', resourceGroup: name })
var writes = concat(filter(grants, grant => grant.role != 'remove'), removals)
var used = union(map(writes, grant => grant.role), watched ? array('approve') : [], disables ? array('public') : [])

resource definition 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for key in used: {
  name: guid(subscription().id, environmentName, key)
  properties: {
    roleName: 'Causeway ${roles[key].title} (${environmentName}, ${subscription().subscriptionId})'
    description: roles[key].description
    type: 'CustomRole'
    permissions: [
      {
        actions: contains(chosen, key) ? chosen[key] : roles[key].actions
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: array(subscription().id)
  }
}]

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roles.read.builtIn)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.read.builtIn)
  }
}

resource approve 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (watched) {
  name: guid(subscription().id, principalId, 'approve')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guid(subscription().id, environmentName, 'approve'))
  }
  dependsOn: [definition]
}

resource disable 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (disables) {
  name: guid(subscription().id, principalId, 'public')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guid(subscription().id, environmentName, 'public'))
  }
  dependsOn: [definition]
}

module write 'group-role.bicep' = [for grant in writes: {
  scope: resourceGroup(grant.resourceGroup)
  params: {
    principalId: principalId
    roleId: guid(subscription().id, environmentName, grant.role)
  }
  dependsOn: [definition]
}]
