// DescribeShareGroupOffsets (90), v0–1. KIP-932; the lag since v1 (KIP-1226): what comes after the start, less what is
// done with already. Without topics: all that the group has state of.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { type KnownState, knownState } from '../../coordinator/group/share/state-plans.ts'
import { coordinatorRefusal } from '../../coordinator/runtime/coordinator-errors.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'
import { hasShareGroups } from './enabled.ts'

const NONE = -1

export const describeShareGroupOffsets = handler('DescribeShareGroupOffsets', async (services, request) => {
  if (!hasShareGroups(services)) {
    const refusal = { errorCode: ErrorCode.UNSUPPORTED_VERSION, errorMessage: null }
    return { groups: request.groups.map(({ groupId }) => ({ groupId, topics: [], ...refusal })) }
  }
  const groups = await Promise.all(request.groups.map((group) => describe(services, group)))
  return { groups }
})

async function describe(
  services: Services,
  asked: {
    readonly groupId: string
    readonly topics: readonly { topicName: string; partitions: readonly number[] }[] | null
  },
) {
  const { groupId } = asked
  // While nobody has looked for a coordinator there is no state; only of what there is all cannot be said.
  const isEarly = asked.topics !== null && services.groups.partitionOf(groupId) === undefined
  const known = isEarly
    ? { topics: new Map(), refusal: null }
    : await services.groups.run<KnownState>(
        groupId,
        (machine, reply) => knownState(machine, groupId, reply),
        (errorCode) => ({ topics: new Map(), refusal: coordinatorRefusal(errorCode) }),
      )
  if (known.refusal !== null) return { groupId, topics: [], ...known.refusal }
  const all = [...known.topics.values()].map(({ name, partitions }) => {
    return { topicName: name, partitions: [...partitions].sort((a, b) => a - b) }
  })
  const topics = await Promise.all((asked.topics ?? all).map((topic) => describeTopic(services, groupId, known, topic)))
  return { groupId, topics, errorCode: ErrorCode.NONE, errorMessage: null }
}

async function describeTopic(
  services: Services,
  groupId: string,
  known: KnownState,
  { topicName, partitions }: { readonly topicName: string; readonly partitions: readonly number[] },
) {
  const topicId = services.metadata.image.topics.byName(topicName)?.id
  const rows = partitions.map(async (partitionIndex) => {
    const row = {
      partitionIndex,
      startOffset: BigInt(NONE),
      leaderEpoch: 0,
      lag: BigInt(NONE),
      errorCode: ErrorCode.NONE,
      errorMessage: null,
    }
    if (topicId === undefined || known.topics.get(topicId)?.partitions.has(partitionIndex) !== true) return row
    const summary = await services.shareState.summarise({ groupId, topicId, partition: partitionIndex })
    const { errorCode, errorMessage, leaderEpoch, startOffset, deliveryCompleteCount } = summary
    if (errorCode !== ErrorCode.NONE) return { ...row, errorCode, errorMessage }
    const end = services.replicas.partition(topicName, partitionIndex)?.log.highWatermark
    const isLagKnown = end !== undefined && startOffset >= 0 && deliveryCompleteCount >= 0
    // Below 0 when the start was set past the end.
    const lag = isLagKnown ? end - startOffset - deliveryCompleteCount : NONE
    return { ...row, startOffset: BigInt(startOffset), leaderEpoch, lag: BigInt(lag) }
  })
  return { topicName, topicId: topicId ?? ZERO_UUID, partitions: await Promise.all(rows) }
}
