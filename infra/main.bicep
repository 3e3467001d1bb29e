// Causeway in one resource group, and what it needs in the subscriptions that it watches.
// `azd up` asks for the environment's name, the subscription and the region; everything else has a default.
targetScope = 'subscription'

@description('Name of the environment: part of the names of groups and roles. azd asks for it.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('Region of the app, its storage account and its logs. azd asks for it.')
@metadata({ azd: { type: 'location' } })
param location string

@description('Ids of the subscriptions whose events reach the app, separated by commas; none: events come by other means. Empty: the one that is deployed to. List the same ones in connectivity.yaml.')
param watchedSubscriptions string = ''

@description('What the app may write where: objects with role (endpoints, subnets, dns, peering or rules), subscriptionId and resourceGroup. Without any it reports what it lacks, with the commands that grant it.')
param grants array = []

@description('Resource types that the app approves beside those of roles.json. Azure refuses the whole role for a type without this action: see az provider operation show.')
param approvedTypes array = []

@description('Resource types whose public network access the app may disable, where the policy says so. Empty: none.')
param publicAccessTypes array = []

@description('The app may delete what it made, in each resource group of grants.')
param allowRemoval bool = true

@description('Resource types whose events are delivered. Default: every type that Causeway knows.')
param watchedTypes array = loadJsonContent('watched-types.json')

@description('private: a virtual network with private endpoints for the storage account, whose firewall then denies other networks. public: the account is open to networks, and Entra tokens protect it.')
@allowed(['public', 'private'])
param network string = 'public'

@description('Address space of the network that is made with network=private: a /24 or larger.')
param networkAddressPrefix string = '10.254.0.0/24'

@description('With network=private: id of an existing subnet for the app, delegated to Microsoft.App/environments. Empty: a network is made.')
param appSubnetId string = ''

@description('With appSubnetId: id of an existing subnet for the private endpoints of the storage account.')
param endpointSubnetId string = ''

@description('With appSubnetId: id of the resource group with the zones privatelink.blob, queue and table, linked to that network. Empty: names are attached by someone else, such as Azure Policy.')
param zonesGroupId string = ''

@description('Replication of the storage account, which has the ledger. A region without availability zones needs Standard_LRS or Standard_GRS.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_ZRS'

@description('Instances of the queue function that are always ready. 0 saves their price; the first event after a pause then waits for a cold start.')
@minValue(0)
@maxValue(20)
param alwaysReadyInstances int = 1

@description('Most instances of each function. All of them share the request limits of Azure, so that more make a burst hardly faster.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Memory of an instance, in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('When the drift timer runs: NCRONTAB with six fields, seconds first, UTC. The alert for an overdue sweep assumes that it runs every 15 minutes.')
param sweepSchedule string = '0 */15 * * * *'

@description('How much of the documented request limits of Azure the app uses, from 0.05 to 1.')
param requestRate string = '1'

@description('The policy: a path in the package, or the URL of a blob, which the app then reads again while it runs.')
param policy string = 'connectivity.yaml'

@description('How far the app goes at most, whatever the policy says: observe (read and report), plan (also record what would be written), apply.')
@allowed(['observe', 'plan', 'apply'])
param mode string = 'apply'

@description('Days for which logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Who gets the alerts by e-mail. Empty: they are shown in the portal alone.')
param alertEmail string = ''

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var private = network == 'private'
var ownNetwork = private && empty(appSubnetId)
var listed = empty(watchedSubscriptions) ? subscription().subscriptionId : watchedSubscriptions
var watched = listed == 'none' ? [] : map(split(listed, ','), id => trim(id))
var granted = union(map(grants, grant => grant.subscriptionId), [])
var onlyGranted = filter(granted, id => !contains(watched, id))

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token }
}

module vnet 'modules/network.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token, enabled: ownNetwork, addressPrefix: networkAddressPrefix }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token, sku: storageSku, private: private }
}

module endpoints 'modules/private-endpoints.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    enabled: private
    storageName: storage.outputs.name
    networkId: vnet.outputs.networkId
    subnetId: ownNetwork ? vnet.outputs.endpointSubnetId : endpointSubnetId
    zonesGroupId: zonesGroupId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token, retentionDays: logRetentionDays }
}

module outcomes 'modules/outcomes.bicep' = {
  scope: group
  params: { location: location, tags: tags, token: token }
}

module access 'modules/data-roles.bicep' = {
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    insightsName: monitoring.outputs.insightsName
    topicName: outcomes.outputs.name
  }
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    topicEndpoint: outcomes.outputs.endpoint
    subnetId: ownNetwork ? vnet.outputs.appSubnetId : (private ? appSubnetId : '')
    alwaysReadyInstances: alwaysReadyInstances
    maximumInstanceCount: maximumInstanceCount
    instanceMemoryMB: instanceMemoryMB
    sweepSchedule: sweepSchedule
    requestRate: requestRate
    policy: policy
    mode: mode
  }
  dependsOn: [access, endpoints]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: { location: location, tags: tags, workspaceId: monitoring.outputs.workspaceId }
}

module watch 'watch.bicep' = [for id in watched: {
  scope: subscription(id)
  params: {
    environmentName: environmentName
    location: location
    principalId: identity.outputs.principalId
    storageId: storage.outputs.id
    workspaceId: monitoring.outputs.workspaceId
    actionGroupId: alerts.outputs.actionGroupId
    watchedTypes: watchedTypes
    grants: filter(grants, grant => grant.subscriptionId == id)
    approvedTypes: approvedTypes
    publicAccessTypes: publicAccessTypes
    allowRemoval: allowRemoval
  }
}]

module rights 'modules/roles.bicep' = [for id in onlyGranted: {
  scope: subscription(id)
  params: {
    environmentName: environmentName
    principalId: identity.outputs.principalId
    watched: false
    grants: filter(grants, grant => grant.subscriptionId == id)
    allowRemoval: allowRemoval
  }
}]

@description('Group of the app.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app: az functionapp function list -g GROUP -n NAME shows its functions.')
output CAUSEWAY_APP string = app.outputs.name

@description('Ask this first, with a function key: the last sweep, and what is wrong.')
output CAUSEWAY_HEALTH_URL string = '${app.outputs.url}/api/health'

@description('Object id of the identity that the app acts as: grant it what a Blocked outcome names.')
output CAUSEWAY_PRINCIPAL_ID string = identity.outputs.principalId

@description('Parameter of watch.bicep and management-group.bicep: where events are delivered.')
output CAUSEWAY_STORAGE_ID string = storage.outputs.id

@description('Parameter of watch.bicep and management-group.bicep: where delivery failures are logged.')
output CAUSEWAY_WORKSPACE_ID string = monitoring.outputs.workspaceId

@description('Parameter of watch.bicep and management-group.bicep: who is notified; empty without alertEmail.')
output CAUSEWAY_ACTION_GROUP_ID string = alerts.outputs.actionGroupId

@description('Endpoint of the Event Grid topic for outcomes.')
output CAUSEWAY_OUTCOMES_ENDPOINT string = outcomes.outputs.endpoint

@description('What to do next.')
output CAUSEWAY_NEXT_STEPS array = [
  'List the watched subscriptions in connectivity.yaml, then run azd deploy: ${join(watched, ', ')}'
  'Grant the app its roles on your networks and zones: the parameter grants (docs/deploy.md)'
  'Check that the functions are there: az functionapp function list -g ${group.name} -n ${app.outputs.name} -o table'
  'Open the workbook Causeway in the group ${group.name}'
]
