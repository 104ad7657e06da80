// IncrementalAlterConfigs (44), v0–1. KIP-339; of groups KIP-848; of client metrics KIP-714.
//
// What concerns this broker is checked here, the rest decided by the controller (controller/configs.ts). Levels of
// loggers live in the broker alone.

import { RESOURCE } from '../../metadata/image.ts'
import { handler } from '../handler.ts'
import { askController } from '../topics/controller-request.ts'
import { alterLoggers } from './loggers.ts'
import { answerEach, kindFault, preliminaryFaults } from './resources.ts'

export const incrementalAlterConfigs = handler('IncrementalAlterConfigs', (services, request) => {
  const { nodeId, loggers } = services
  const faults = preliminaryFaults(request.resources, (resource) =>
    resource.resourceType === RESOURCE.brokerLogger
      ? alterLoggers(resource, nodeId, loggers, request.validateOnly)
      : kindFault(resource, services),
  )
  return answerEach(request.resources, faults, (resources, unanswered) =>
    askController(services, 'IncrementalAlterConfigs', { ...request, resources }, unanswered),
  )
})
