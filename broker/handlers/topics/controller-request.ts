// Requests that this broker hands on to the controller. The answer is given when this broker's own image has what
// changed, so that a client finds the topic that it has just created.

import type { ApiName, RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type Fault, fault } from '../../controller/decision.ts'
import { type ControllerApi, type Mutations, NotCommitted, TooManyRecords } from '../../metadata/controller-channel.ts'
import type { Services } from '../../services.ts'
import type { HandlerRow } from '../handler.ts'

/** `unanswered`: what the client is told when the controller does not take the request, or does not answer. */
export async function askController<Name extends ControllerApi>(
  services: Services,
  name: Name,
  request: RequestOf<Name>,
  unanswered: (fault: Fault) => ResponseInputOf<Name>,
  mutations?: Mutations,
): Promise<ResponseInputOf<Name>> {
  if (isLate(name, request)) return unanswered(TIMED_OUT)
  try {
    const response = await services.controller.send(name, request, mutations)
    await services.metadata.whenApplied(services.controller.committedOffset)
    return response
  } catch (error) {
    if (error instanceof TooManyRecords) return unanswered(fault(ErrorCode.UNKNOWN_SERVER_ERROR, error.message))
    if (!(error instanceof NotCommitted)) throw error
    services.host.logger.warn('the controller did not answer', { api: name, error: error.message })
    return unanswered(TIMED_OUT)
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

/** Nobody can say whether the request took effect; the client is to ask again. */
export const TIMED_OUT = fault(ErrorCode.REQUEST_TIMED_OUT, null)

/** An API that is the controller's alone. */
export function forwarded<Name extends ControllerApi & ApiName>(
  name: Name,
  unanswered: (request: RequestOf<Name>, fault: Fault) => ResponseInputOf<Name>,
): HandlerRow {
  const handle = (services: Services, request: RequestOf<Name>): Promise<ResponseInputOf<Name>> =>
    askController(services, name, request, (one) => unanswered(request, one))
  return { name, handle }
}
