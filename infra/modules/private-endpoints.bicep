// Private endpoints of the app's own storage account, one for each service that the app uses, with their names.
@description('Region of the endpoints.')
param location string

@description('Tags of every resource.')
param tags object = {}

@description('Make the endpoints.')
param enabled bool = false

@description('Name of the storage account, in this resource group.')
param storageName string

@description('Resource id of the network that resolves the names, by zones that are made here. Empty: the zones exist.')
param networkId string = ''

@description('Resource id of the group with the existing zones. Empty: someone else attaches the names.')
param zonesGroupId string = ''

@description('Resource id of the subnet of the endpoints.')
param subnetId string = ''

var services = enabled ? ['blob', 'queue', 'table'] : []
var own = empty(networkId) ? [] : services // whose zones are made here
var named = empty(networkId) && empty(zonesGroupId) ? [] : services
var zonesGroup = empty(networkId) ? zonesGroupId : resourceGroup().id

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = [for service in own: {
  name: 'privatelink.${service}.${environment().suffixes.storage}'
  location: 'global'
  tags: tags
}]

resource link 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (service, index) in own: {
  parent: zone[index]
  name: 'causeway'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: { id: networkId }
  }
}]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = [for service in services: {
  name: 'pe-${storageName}-${service}'
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [
      {
        name: service
        properties: {
          privateLinkServiceId: account.id
          groupIds: [service]
        }
      }
    ]
  }
}]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [for (service, index) in named: {
  parent: endpoint[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: service
        properties: {
          privateDnsZoneId: '${zonesGroup}/providers/Microsoft.Network/privateDnsZones/privatelink.${service}.${environment().suffixes.storage}'
        }
      }
    ]
  }
  dependsOn: [link]
}]
