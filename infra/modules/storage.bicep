// The app's own storage account: its package, its queues, the ledger, and events that could not be delivered.
// All are made here, so that the app needs no right to make them and the first event finds its queue.
@description('Region of the account.')
param location string

@description('Tags of the account.')
param tags object = {}

@description('Short text that makes names unique.')
@minLength(5)
param token string

@description('Replication of the account.')
param sku string = 'Standard_ZRS'

@description('Deny networks other than the private endpoints and Azure\'s own services. Event Grid delivers as one of these, by its identity.')
param private bool = false

@description('Days for which deleted blobs can be restored.')
@minValue(1)
@maxValue(365)
param blobRetentionDays int = 7

@description('Days after which events that could not be delivered are deleted.')
@minValue(1)
param deadLetterDays int = 90

var packageContainer = 'app-package'
var deadLetterContainer = 'dead-letters'
var queues = ['work', 'work-poison']
var tables = ['connections', 'leases', 'limits', 'outcomes', 'sweeps']

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: 'stcauseway${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: private ? 'Deny' : 'Allow'
    }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: true, days: blobRetentionDays }
      containerDeleteRetentionPolicy: { enabled: true, days: blobRetentionDays }
    }

    resource package 'containers' = {
      name: packageContainer
      properties: { publicAccess: 'None' }
    }

    resource deadLetters 'containers' = {
      name: deadLetterContainer
      properties: { publicAccess: 'None' }
    }
  }

  resource queueService 'queueServices' = {
    name: 'default'

    resource queue 'queues' = [for name in queues: {
      name: name
    }]
  }

  resource tableService 'tableServices' = {
    name: 'default'

    resource table 'tables' = [for name in tables: {
      name: name
    }]
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'delete-dead-letters'
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: { blobTypes: ['blockBlob'], prefixMatch: ['${deadLetterContainer}/'] }
              actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: deadLetterDays } } }
            }
          }
        ]
      }
    }
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Container of the app\'s package.')
output packageContainer string = packageContainer
