// A virtual network for the app and for the private endpoints of its storage account. Nothing if it is not enabled.
// Peer it with a hub if the app has to leave through a firewall: it needs Resource Manager and Entra ID, by HTTPS.
@description('Region of the network.')
param location string

@description('Tags of every resource.')
param tags object = {}

@description('Short text that makes names unique.')
@minLength(5)
param token string

@description('Make the network.')
param enabled bool = false

@description('Address space: a /24 or larger.')
param addressPrefix string = '10.254.0.0/24'

var name = 'vnet-causeway-${token}'
var appPrefix = cidrSubnet(addressPrefix, 26, 0)
var endpointPrefix = cidrSubnet(addressPrefix, 26, 1)

resource group 'Microsoft.Network/networkSecurityGroups@2025-05-01' = if (enabled) {
  name: 'nsg-causeway-${token}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'deny-internet-in'
        properties: {
          priority: 4096
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource vnet 'Microsoft.Network/virtualNetworks@2025-05-01' = if (enabled) {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: appPrefix
          networkSecurityGroup: { id: group.id }
          delegations: [
            {
              name: 'functions'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointPrefix
          networkSecurityGroup: { id: group.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
        }
      }
    ]
  }
}

@description('Resource id of the network; empty if it is not enabled.')
output networkId string = enabled ? vnet.id : ''

@description('Subnet of the app, delegated to Flex Consumption; empty if it is not enabled.')
output appSubnetId string = enabled ? resourceId('Microsoft.Network/virtualNetworks/subnets', name, 'app') : ''

@description('Subnet of private endpoints; empty if it is not enabled.')
output endpointSubnetId string = enabled ? resourceId('Microsoft.Network/virtualNetworks/subnets', name, 'endpoints') : ''
