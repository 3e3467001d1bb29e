// What the identity of the app may do in this Azure subscription: the roles of roles.json, and who gets them where.
// Each subscription has definitions of its own, so that a further one needs rights there alone.
targetScope = 'subscription'

@description('Name of the environment: role names are unique in a tenant.')
param environmentName string

@description('Object id of the identity.')
param principalId string

@description('The subscription is watched: the identity reads all of it and approves connections.')
param watched bool = true

@description('What the identity may write: objects with role (a key of roles.json) and resourceGroup.')
param grants array = []

var roles = loadJsonContent('../roles.json')
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var used = union(map(grants, grant => grant.role), watched ? array('approve') : [])

resource definition 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [for key in used: {
  name: guid(subscription().id, environmentName, key)
  properties: {
    roleName: 'Causeway ${roles[key].title} (${environmentName}, ${subscription().subscriptionId})'
    description: roles[key].description
    type: 'CustomRole'
    permissions: [
      {
        actions: roles[key].actions
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
    assignableScopes: array(subscription().id)
  }
}]

resource read 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', reader)
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

module write 'group-role.bicep' = [for grant in grants: {
  scope: resourceGroup(grant.resourceGroup)
  params: {
    principalId: principalId
    roleId: guid(subscription().id, environmentName, grant.role)
  }
  dependsOn: [definition]
}]
