// Leader epochs (KIP-320) against a whole broker: who asks with an old one is fenced, with one to come unknown, and who
// has followed another leader is told where the two part.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { batchOf, World } from './harness.ts'

const TOPIC = 'letters'

async function ready(t: Parameters<typeof World.start>[0]) {
  const world = await World.start(t)
  const client = await world.connect()
  const topicId = await client.createTopic(TOPIC)
  return { world, client, topicId }
}

t.test('trap 17: leader epochs: future ones are unknown, divergence is told', async (t) => {
  const { world, client } = await ready(t)
  await client.produce(TOPIC, batchOf(['a']))
  const fetch = async (epochs: { currentLeaderEpoch?: number; lastFetchedEpoch?: number }, fetchOffset = 0n) => {
    const answer = await client.request('Fetch', 12, {
      maxWaitMs: 10,
      minBytes: 1,
      isolationLevel: 0,
      topics: [{ topic: TOPIC, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1000, ...epochs }] }],
      forgottenTopicsData: [],
      rackId: '',
    })
    return answer.responses[0]!.partitions[0]!
  }
  t.equal((await fetch({ currentLeaderEpoch: 0 })).errorCode, ErrorCode.NONE)
  t.equal((await fetch({ currentLeaderEpoch: 9 })).errorCode, ErrorCode.UNKNOWN_LEADER_EPOCH)
  t.equal((await fetch({ lastFetchedEpoch: 7 }, 1n)).errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  const diverged = await fetch({ lastFetchedEpoch: 0 }, 5n)
  t.same(diverged.divergingEpoch, { epoch: 0, endOffset: 1n })
  const { topics } = await client.request('OffsetForLeaderEpoch', 4, {
    replicaId: -1,
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, leaderEpoch: 0 }] }],
  })
  t.equal(topics[0]?.partitions[0]?.endOffset, 1n)
  await world.stop()
})

t.test('trap 17: who knows the leader of before a restart alone is fenced, and told who leads now', async (t) => {
  const { world, client, topicId } = await ready(t)
  await client.produce(TOPIC, batchOf(['a']))
  world.node.kill()
  await world.restart()
  const again = await world.connect()
  const { topics } = await again.request('Metadata', 12, { topics: [{ name: TOPIC, topicId: ZERO_UUID }] })
  const leaderEpoch = topics[0]?.partitions[0]?.leaderEpoch ?? -1
  t.ok(leaderEpoch > 0)
  const { errorCode } = await again.produce(TOPIC, batchOf(['b']))
  t.equal(errorCode, ErrorCode.NONE)
  const fetch = async (currentLeaderEpoch: number) => {
    const partition = { partition: 0, currentLeaderEpoch, fetchOffset: 0n, partitionMaxBytes: 1000 }
    const answer = await again.request('Fetch', 16, {
      ...{ maxWaitMs: 60_000, minBytes: 1, isolationLevel: 0, forgottenTopicsData: [], rackId: '' },
      topics: [{ topicId, partitions: [partition] }],
    })
    return { ...answer.responses[0]!.partitions[0]!, nodeEndpoints: answer.nodeEndpoints }
  }
  t.match(await fetch(0), {
    errorCode: ErrorCode.FENCED_LEADER_EPOCH,
    currentLeader: { leaderId: 1, leaderEpoch },
    nodeEndpoints: [{ nodeId: 1, host: 'broker', port: 9092 }],
  })
  t.equal((await fetch(leaderEpoch)).errorCode, ErrorCode.NONE)
  const asked = { partitionIndex: 0, currentLeaderEpoch: 0, timestamp: -1n }
  const listed = await again.request('ListOffsets', 8, {
    ...{ replicaId: -1, isolationLevel: 0, topics: [{ name: TOPIC, partitions: [asked] }] },
  })
  t.match(listed.topics[0]?.partitions, [{ errorCode: ErrorCode.FENCED_LEADER_EPOCH, offset: -1n }])
  const ends = await again.request('OffsetForLeaderEpoch', 4, {
    replicaId: -1,
    topics: [{ topic: TOPIC, partitions: [0, leaderEpoch].map((current) => epochAsked(current)) }],
  })
  t.match(ends.topics[0]?.partitions, [
    { errorCode: ErrorCode.FENCED_LEADER_EPOCH, endOffset: -1n },
    { errorCode: ErrorCode.NONE, leaderEpoch: 0, endOffset: 1n },
  ])
  await world.stop()
})

const epochAsked = (currentLeaderEpoch: number) => ({ partition: 0, currentLeaderEpoch, leaderEpoch: 0 })
