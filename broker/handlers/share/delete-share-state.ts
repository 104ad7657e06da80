// Deletes the delivery state that share groups have of topics: for DeleteShareGroupOffsets, and before a group goes.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { Refusal } from '../../coordinator/group/model/refusal.ts'
import { beginDeletion, type Deletion, endDeletion } from '../../coordinator/group/share/state-plans.ts'
import { coordinatorRefusal } from '../../coordinator/runtime/coordinator-errors.ts'
import type { Services } from '../../services.ts'

/** `topicIds` null: all. Resolves to what became of each topic that there was state of, or why nothing was done. */
export async function deleteShareState(
  { groups, shareState }: Services,
  groupId: string,
  topicIds: readonly string[] | null,
): Promise<{ readonly refusal: Refusal | null; readonly codes: ReadonlyMap<string, number> }> {
  const { refusal, topics } = await groups.run<Deletion>(
    groupId,
    (machine, reply) => beginDeletion(machine, groupId, topicIds, reply),
    (errorCode) => ({ refusal: coordinatorRefusal(errorCode), topics: new Map() }),
  )
  const codes = new Map<string, number>()
  if (refusal !== null) return { refusal, codes }
  for (const [topicId, { partitions }] of topics) {
    const answers = await Promise.all(
      [...partitions].map((partition) => shareState.delete({ groupId, topicId, partition })),
    )
    const failed = answers.find(({ errorCode }) => errorCode !== ErrorCode.NONE)
    codes.set(topicId, failed?.errorCode ?? ErrorCode.NONE)
  }
  const done = [...codes].flatMap(([topicId, errorCode]) => (errorCode === ErrorCode.NONE ? [topicId] : []))
  if (done.length > 0) {
    await groups.run<number>(
      groupId,
      (machine, reply) => endDeletion(machine, groupId, done, reply),
      (errorCode) => errorCode,
    )
  }
  return { refusal: null, codes }
}
