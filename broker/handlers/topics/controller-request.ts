// Requests that this broker hands on to the controller. The answer is given when this broker's own image has what
// changed, so that a client finds the topic that it has just created.

import type { ApiName, RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type ControllerApi, type Mutations, NotCommitted } from '../../metadata/controller-channel.ts'
import type { Services } from '../../services.ts'
import type { HandlerRow } from '../handler.ts'

/** null: the controller cannot say whether the request took effect; the client is to ask again. */
export async function askController<Name extends ControllerApi>(
  services: Services,
  name: Name,
  request: RequestOf<Name>,
  mutations?: Mutations,
): Promise<ResponseInputOf<Name> | null> {
  if (isLate(name, request)) return null
  try {
    const response = await services.controller.send(name, request, mutations)
    await services.metadata.whenApplied(services.controller.committedOffset)
    return response
  } catch (error) {
    if (!(error instanceof NotCommitted)) throw error
    services.host.logger.warn('the controller did not answer', { api: name, error: error.message })
    return null
  }
}

/** Kafka's controller looks at the time before it decides on these. */
const TIMED: ReadonlySet<string> = new Set([
  'CreateTopics',
  'DeleteTopics',
  'CreatePartitions',
  'ElectLeaders',
  'AlterPartitionReassignments',
])

function isLate(name: string, request: object): boolean {
  return 'timeoutMs' in request && Number(request.timeoutMs) < 0 && TIMED.has(name)
}

/** The code and message of a request as a whole that the controller did not answer. */
export const TIMED_OUT = { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null }

/** An API that is the controller's alone; `timedOut` is its answer when the controller gives none. */
export function forwarded<Name extends ControllerApi & ApiName>(
  name: Name,
  timedOut: (request: RequestOf<Name>) => ResponseInputOf<Name>,
): HandlerRow {
  const handle = async (services: Services, request: RequestOf<Name>): Promise<ResponseInputOf<Name>> =>
    (await askController(services, name, request)) ?? timedOut(request)
  return { name, handle }
}
