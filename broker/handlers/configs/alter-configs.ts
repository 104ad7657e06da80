// AlterConfigs (33), v0–2: replaces all dynamic values of a resource. Superseded by IncrementalAlterConfigs (KIP-339).

import { handler } from '../handler.ts'
import { askController } from '../topics/controller-request.ts'
import { answerEach, kindFault, preliminaryFaults } from './resources.ts'

export const alterConfigs = handler('AlterConfigs', (services, request) => {
  const faults = preliminaryFaults(request.resources, (resource) => kindFault(resource, services))
  return answerEach(request.resources, faults, (resources, unanswered) =>
    askController(services, 'AlterConfigs', { ...request, resources }, unanswered),
  )
})
