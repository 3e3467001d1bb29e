// The workbook: outcomes, what is blocked and why, sweeps, request limits.
@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags object = {}

@description('Id of the workspace that it queries.')
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'causeway')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Causeway'
    category: 'workbook'
    serializedData: loadTextContent('../workbook.json')
    sourceId: workspaceId
  }
}
