// DescribeCluster (60), v0–2. KIP-700, KIP-919 (endpoint type, v1), KIP-1073 (fenced brokers, v2).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from '../topics/describe-topic.ts'

const BROKERS = 1
const CONTROLLERS = 2

export const describeCluster = handler('DescribeCluster', (services, request, { listener }) => {
  const { brokers } = services.metadata.image
  const { endpointType } = request
  if (endpointType !== BROKERS) {
    const isKnown = endpointType === CONTROLLERS
    const wanted = isKnown ? 'CONTROLLER' : 'UNKNOWN'
    return {
      throttleTimeMs: 0,
      errorCode: isKnown ? ErrorCode.MISMATCHED_ENDPOINT_TYPE : ErrorCode.UNSUPPORTED_ENDPOINT_TYPE,
      errorMessage: isKnown
        ? `The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type ${wanted}`
        : `Unsupported endpoint type ${endpointType}`,
      clusterId: '',
      brokers: [],
    }
  }
  const shown = Array.from(brokers.values()).filter(({ fenced }) => !fenced || request.includeFencedBrokers)
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    endpointType,
    clusterId: services.clusterId,
    controllerId: services.controller.controllerId,
    brokers: shown.flatMap(({ id, endPoints, rack, fenced }) => {
      const endPoint = endPoints.find(({ name }) => name === listener)
      return endPoint === undefined
        ? []
        : [{ brokerId: id, host: endPoint.host, port: endPoint.port, rack, isFenced: fenced }]
    }),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
  }
})
