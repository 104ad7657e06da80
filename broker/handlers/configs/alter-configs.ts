// AlterConfigs (33), v0–2: replaces all dynamic values of a resource. Superseded by IncrementalAlterConfigs (KIP-339).

import { type Fault, NO_FAULT } from '../../controller/decision.ts'
import { handler } from '../handler.ts'
import { askController, TIMED_OUT } from '../topics/controller-request.ts'
import { preliminaryFaults } from './resources.ts'

const NOTHING = { throttleTimeMs: 0, responses: [] }

export const alterConfigs = handler('AlterConfigs', async (services, request) => {
  const faults = preliminaryFaults(request.resources, services.nodeId)
  const resources = request.resources.filter((resource) => !faults.has(resource))
  let missing: Fault = TIMED_OUT
  const unanswered = (fault: Fault) => {
    missing = fault
    return NOTHING
  }
  const asked = { ...request, resources }
  const response = resources.length === 0 ? NOTHING : await askController(services, 'AlterConfigs', asked, unanswered)
  const answers = new Map(response.responses.map((one) => [`${one.resourceType}:${one.resourceName}`, one]))
  const responses = request.resources.map((resource) => {
    const { resourceType, resourceName } = resource
    const answer = faults.get(resource) ?? answers.get(`${resourceType}:${resourceName}`) ?? missing
    const { errorCode, errorMessage } = answer
    return { ...NO_FAULT, errorCode, errorMessage, resourceType, resourceName }
  })
  return { throttleTimeMs: 0, responses }
})
