// What happens because of a request, and the answer to it.

import type { Reply } from '../../runtime/reply.ts'
import type { GroupOutcome } from '../model/group-machine.ts'

/** The answer is given when the outcome is applied, whichever it comes to. */
export function answered<T>(outcome: GroupOutcome, reply: Reply<T>, answer: T): GroupOutcome {
  const { otherwise } = outcome
  return {
    ...outcome,
    ...(otherwise !== undefined && { otherwise: () => answered(otherwise(), reply, answer) }),
    applied: () => {
      outcome.applied?.()
      reply.send(answer)
    },
    refused: (errorCode) => reply.sendError(errorCode),
  }
}
