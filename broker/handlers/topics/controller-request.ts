// Requests that this broker hands on to the controller. The answer is given when this broker's own image has what
// changed, so that a client finds the topic that it has just created.

import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { type ControllerApi, NotCommitted } from '../../metadata/controller-channel.ts'
import type { Services } from '../../services.ts'

/** null: the controller cannot say whether the request took effect; the client is to ask again. */
export async function askController<Name extends ControllerApi>(
  services: Services,
  name: Name,
  request: RequestOf<Name>,
): Promise<ResponseInputOf<Name> | null> {
  try {
    const response = await services.controller.send(name, request)
    await services.metadata.whenApplied(services.controller.committedOffset)
    return response
  } catch (error) {
    if (!(error instanceof NotCommitted)) throw error
    services.host.logger.warn('the controller did not answer', { api: name, error: error.message })
    return null
  }
}
