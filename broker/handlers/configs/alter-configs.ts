// AlterConfigs (33), v0–2: replaces all dynamic values of a resource. Superseded by IncrementalAlterConfigs (KIP-339).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { NO_FAULT } from '../../controller/decision.ts'
import { handler } from '../handler.ts'
import { askController } from '../topics/controller-request.ts'
import { preliminaryFaults } from './resources.ts'

export const alterConfigs = handler('AlterConfigs', async (services, request) => {
  const faults = preliminaryFaults(request.resources, services.nodeId)
  const resources = request.resources.filter((resource) => !faults.has(resource))
  const response =
    resources.length === 0
      ? { responses: [] }
      : await askController(services, 'AlterConfigs', { ...request, resources })
  const answers = new Map(response?.responses.map((one) => [`${one.resourceType}:${one.resourceName}`, one]))
  const timedOut = { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null }
  const responses = request.resources.map((resource) => {
    const { resourceType, resourceName } = resource
    const answer = faults.get(resource) ?? answers.get(`${resourceType}:${resourceName}`) ?? timedOut
    const { errorCode, errorMessage } = answer
    return { ...NO_FAULT, errorCode, errorMessage, resourceType, resourceName }
  })
  return { throttleTimeMs: 0, responses }
})
