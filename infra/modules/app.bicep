// The function app on Flex Consumption.
@description('Region of plan and app.')
param location string

@description('Tags of every resource.')
param tags object = {}

@description('Short text that makes names unique.')
@minLength(5)
param token string

@description('Resource id of the identity of the app.')
param identityId string

@description('Client id of the same identity.')
param clientId string

@description('Name of the storage account, in this resource group.')
param storageName string

@description('Container of the package.')
param packageContainer string

@description('Connection string of Application Insights.')
param insightsConnectionString string

@description('Endpoint of the topic for outcomes.')
param topicEndpoint string

@description('Resource id of the subnet of the app. Empty: it is in no network.')
param subnetId string = ''

@description('Instances of the queue function that are always ready.')
param alwaysReadyInstances int = 1

@description('Most instances of each function.')
param maximumInstanceCount int = 40

@description('Memory of an instance, in MB.')
param instanceMemoryMB int = 2048

@description('Requests over HTTP that an instance answers at once.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('When the drift timer runs.')
param sweepSchedule string = '0 */15 * * * *'

@description('How much of the request limits of Azure the app uses.')
param requestRate string = '1'

@description('The policy: a path in the package, or the URL of a blob that the identity may read.')
param policy string = 'connectivity.yaml'

@description('How far the app goes at most, whatever the policy says.')
param mode string = 'apply'

// The host takes the account's name for one in the public cloud, so the others get addresses. With the name it
// does not read the addresses, which it lost now and then while it started (docs/azure/functions.md, FN-11).
var byName = { AzureWebJobsStorage__accountName: storageName }
var byAddress = {
  AzureWebJobsStorage__blobServiceUri: account.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: account.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: account.properties.primaryEndpoints.table
}
var warm = [{ name: 'function:reconcile', instanceCount: alwaysReadyInstances }]

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: 'plan-causeway-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: 'func-causeway-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${account.properties.primaryEndpoints.blob}${packageContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: { name: 'python', version: '3.13' }
      scaleAndConcurrency: {
        alwaysReady: alwaysReadyInstances == 0 ? [] : warm
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
  }

  resource settings 'config' = {
    name: 'appsettings'
    properties: union(environment().name == 'AzureCloud' ? byName : byAddress, {
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: clientId
      AZURE_CLIENT_ID: clientId
      APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
      CAUSEWAY_POLICY: policy
      CAUSEWAY_SWEEP_SCHEDULE: sweepSchedule
      CAUSEWAY_BUDGET_SECONDS: '480'
      CAUSEWAY_REQUEST_RATE: requestRate
      CAUSEWAY_MODE: mode
      CAUSEWAY_TELEMETRY: 'azure'
      CAUSEWAY_EVENTS_TOPIC: topicEndpoint
      // The worker makes the spans of the app part of the trace of their invocation.
      PYTHON_ENABLE_OPENTELEMETRY: 'true'
    })
  }

  // Deployments come with Entra tokens alone.
  resource noScmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource noFtpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }
}

@description('Name of the function app.')
output name string = app.name

@description('Address of the app, without a trailing slash.')
output url string = 'https://${app.properties.defaultHostName}'
