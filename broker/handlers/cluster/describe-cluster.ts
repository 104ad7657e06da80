// DescribeCluster (60), v0–2. KIP-700, KIP-919 (endpoint type, v1), KIP-1073 (fenced brokers, v2). A listener tells of
// its own kind: the brokers', or the controllers'. Version 0 can only ask for brokers, and knows no error for it.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Services } from '../../services.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from '../authorized-operations.ts'
import { handler } from '../handler.ts'

const BROKERS = 1
const CONTROLLERS = 2
const NAMES: Readonly<Record<number, string>> = { [BROKERS]: 'BROKER', [CONTROLLERS]: 'CONTROLLER' }

export const describeCluster = handler('DescribeCluster', (services, request, { listener, apiVersion }) => {
  const { endpointType } = request
  const { controllerListener } = services
  const own = listener === controllerListener?.name ? CONTROLLERS : BROKERS
  if (endpointType !== own) return wrongType(own, endpointType, apiVersion)
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    endpointType,
    clusterId: services.clusterId,
    controllerId: services.controller.controllerId,
    brokers:
      controllerListener !== null && own === CONTROLLERS
        ? [{ ...controllerListener, brokerId: services.nodeId, rack: null, isFenced: false }]
        : brokersOf(services, listener, request.includeFencedBrokers),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
  }
})

function brokersOf({ metadata }: Services, listener: string, includeFenced: boolean) {
  const shown = Array.from(metadata.image.brokers.values()).filter(({ fenced }) => !fenced || includeFenced)
  return shown.flatMap(({ id, endPoints, rack, fenced }) => {
    const endPoint = endPoints.find(({ name }) => name === listener)
    return endPoint === undefined
      ? []
      : [{ brokerId: id, host: endPoint.host, port: endPoint.port, rack, isFenced: fenced }]
  })
}

function wrongType(own: number, wanted: number, apiVersion: number) {
  const name = NAMES[wanted]
  const mismatch = apiVersion === 0 ? ErrorCode.INVALID_REQUEST : ErrorCode.MISMATCHED_ENDPOINT_TYPE
  const at = `The request was sent to an endpoint of type ${NAMES[own]}`
  return {
    throttleTimeMs: 0,
    errorCode: name === undefined ? ErrorCode.UNSUPPORTED_ENDPOINT_TYPE : mismatch,
    errorMessage:
      name === undefined ? `Unsupported endpoint type ${wanted}` : `${at}, but we wanted an endpoint of type ${name}`,
    clusterId: '',
    brokers: [],
  }
}
