// IncrementalAlterConfigs (44), v0–1. KIP-339; of groups KIP-848; of client metrics KIP-714.
//
// What concerns this broker is checked here, the rest decided by the controller (controller/configs.ts). Levels of
// loggers live in the broker alone.

import { RESOURCE } from '../../metadata/image.ts'
import { handler } from '../handler.ts'
import { askController } from '../topics/controller-request.ts'
import { alterLoggers } from './loggers.ts'
import { answerEach, preliminaryFaults } from './resources.ts'

export const incrementalAlterConfigs = handler('IncrementalAlterConfigs', (services, request) => {
  const isLogger = (resource: { readonly resourceType: number }) => resource.resourceType === RESOURCE.brokerLogger
  const persistent = request.resources.filter((resource) => !isLogger(resource))
  const faults = preliminaryFaults(persistent, services.nodeId)
  for (const resource of request.resources.filter(isLogger)) {
    faults.set(resource, alterLoggers(resource, services.nodeId, services.loggers, request.validateOnly))
  }
  return answerEach(request.resources, faults, (resources, unanswered) =>
    askController(services, 'IncrementalAlterConfigs', { ...request, resources }, unanswered),
  )
})
