// Event subscriptions of a system topic, to the queue of the app: the operations that may concern a target and no others.
@description('Name of the system topic, in this resource group.')
param topicName string

@description('Id of the storage account with the queue and the dead-letter container.')
param storageId string

@description('Resource types whose writes and deletes are delivered.')
param watchedTypes array

@description('Seconds for which an event waits in the queue: as long as a work item.')
param messageSeconds int = 604800

@description('How often Event Grid tries to deliver an event.')
@minValue(1)
@maxValue(30)
param deliveryAttempts int = 30

@description('Minutes for which Event Grid tries to deliver an event.')
@minValue(1)
@maxValue(1440)
param deliveryMinutes int = 1440

var chunkSize = 25 // values that all advanced filters of an event subscription have together at most
// Tags and groups decide about resources of any type.
var always = [
  'Microsoft.Resources/tags/write'
  'Microsoft.Resources/tags/delete'
  'Microsoft.Resources/subscriptions/resourceGroups/write'
  'Microsoft.Resources/subscriptions/resourceGroups/delete'
]
var ofTypes = flatten(map(watchedTypes, kind => ['${kind}/write', '${kind}/delete']))
var operations = concat(always, ofTypes)
var chunks = map(range(0, (length(operations) + chunkSize - 1) / chunkSize), i => take(skip(operations, i * chunkSize), chunkSize))

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topicName
}

resource events 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [for (chunk, index) in chunks: {
  parent: topic
  name: 'causeway-${index}'
  properties: {
    eventDeliverySchema: 'EventGridSchema'
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: {
          resourceId: storageId
          queueName: 'work'
          queueMessageTimeToLiveInSeconds: messageSeconds
        }
      }
    }
    deadLetterWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      deadLetterDestination: {
        endpointType: 'StorageBlob'
        properties: {
          resourceId: storageId
          blobContainerName: 'dead-letters'
        }
      }
    }
    retryPolicy: {
      maxDeliveryAttempts: deliveryAttempts
      eventTimeToLiveInMinutes: deliveryMinutes
    }
    filter: {
      includedEventTypes: [
        'Microsoft.Resources.ResourceWriteSuccess'
        'Microsoft.Resources.ResourceDeleteSuccess'
      ]
      isSubjectCaseSensitive: false
      advancedFilters: [
        {
          operatorType: 'StringIn'
          key: 'data.operationName'
          values: chunk
        }
      ]
    }
  }
}]

@description('How many event subscriptions there are.')
output count int = length(chunks)
