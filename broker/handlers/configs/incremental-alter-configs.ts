// IncrementalAlterConfigs (44), v0–1. KIP-339; of groups KIP-848; of client metrics KIP-714.
//
// What concerns this broker is checked here, the rest decided by the controller (controller/configs.ts). Levels of
// loggers live in the broker alone.

import { type Fault, NO_FAULT } from '../../controller/decision.ts'
import { RESOURCE } from '../../metadata/image.ts'
import { handler } from '../handler.ts'
import { askController, TIMED_OUT } from '../topics/controller-request.ts'
import { alterLoggers } from './loggers.ts'
import { preliminaryFaults } from './resources.ts'

const NOTHING = { throttleTimeMs: 0, responses: [] }

export const incrementalAlterConfigs = handler('IncrementalAlterConfigs', async (services, request) => {
  const isLogger = (resource: { readonly resourceType: number }) => resource.resourceType === RESOURCE.brokerLogger
  const persistent = request.resources.filter((resource) => !isLogger(resource))
  const faults = preliminaryFaults(persistent, services.nodeId)
  for (const resource of request.resources.filter(isLogger)) {
    faults.set(resource, alterLoggers(resource, services.nodeId, services.host.logger, request.validateOnly))
  }
  const resources = persistent.filter((resource) => !faults.has(resource))
  let missing: Fault = TIMED_OUT
  const unanswered = (fault: Fault) => {
    missing = fault
    return NOTHING
  }
  const asked = { ...request, resources }
  const response =
    resources.length === 0 ? NOTHING : await askController(services, 'IncrementalAlterConfigs', asked, unanswered)
  const answers = new Map(response.responses.map((one) => [`${one.resourceType}:${one.resourceName}`, one]))
  const responses = request.resources.map((resource) => {
    const { resourceType, resourceName } = resource
    const answer = faults.get(resource) ?? answers.get(`${resourceType}:${resourceName}`) ?? missing
    const { errorCode, errorMessage } = answer
    return { ...NO_FAULT, errorCode, errorMessage, resourceType, resourceName }
  })
  return { throttleTimeMs: 0, responses }
})
