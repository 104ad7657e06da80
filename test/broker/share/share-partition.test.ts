// What becomes of records whose acknowledgement cannot be kept: the write fails, and time has gone by meanwhile.

import t from 'tap'
import type { StateAnswer } from '../../../broker/coordinator/share/share-state-events.ts'
import type { Partition } from '../../../broker/replication/partition.ts'
import type { DeadLetters } from '../../../broker/share/dead-letters.ts'
import { ACCEPT } from '../../../broker/share/record-state.ts'
import { SharePartition } from '../../../broker/share/share-partition.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'

const SETTINGS = {
  maxDeliveryCount: 5,
  maxRecordLocks: 200,
  lockDurationMs: 30_000,
  mayRenew: true,
  hasDeadLetters: false,
  readCommitted: false,
}
const LOST: StateAnswer = { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: null }
const KEPT: StateAnswer = { errorCode: ErrorCode.NONE, errorMessage: null }

/** A share partition whose writes end when the test says so. */
async function begin(settings: Partial<typeof SETTINGS> = {}) {
  const simulation = simulate(1)
  const { host } = simulation.node('a')
  const writes: ((answer: StateAnswer) => void)[] = []
  const buried: number[] = []
  const log = { logStartOffset: 0, highWatermark: 100, lastStableOffset: 100 }
  const partition = { topic: 'topic', index: 0, leaderEpoch: 1, log } as unknown as Partition
  const deadLetters = {
    write: async ({ firstOffset }: { firstOffset: number }) => void buried.push(firstOffset),
  } as unknown as DeadLetters
  const share = new SharePartition({
    host,
    key: { groupId: 'group', topicId: 'ePSQjlhTTsyjmeh43SPfJg', partition: 0 },
    partition,
    persister: {
      read: async () => ({ ...KEPT, startOffset: 0, stateEpoch: 0, batches: [] }),
      write: () => new Promise((resolve) => writes.push(resolve)),
    },
    deadLetters,
    settings: () => ({ ...SETTINGS, ...settings }) as never,
    onFenced: () => {},
  })
  await simulation.run(1)
  const acquire = (first: number, last: number) => {
    const nowMs = host.clock.monotonic()
    const ask = { memberId: 'a', isRecordLimit: false, batchSize: 500, maxRecords: 500, fetchOffset: first, nowMs }
    share.records!.acquire(ask, { count: 1, bases: [first], lasts: [last] }, null)
    share.watchLocks()
  }
  const told: number[] = []
  const accept = (firstOffset: number, lastOffset: number) => {
    share.acknowledge('a', [{ firstOffset, lastOffset, types: [ACCEPT] }], (errorCode) => told.push(errorCode))
  }
  return { simulation, share, writes, buried, told, acquire, accept }
}

t.test('records whose acknowledgement was lost go to others when their lock ends', async (t) => {
  const { simulation, share, writes, told, acquire, accept } = await begin()
  acquire(0, 9)
  await simulation.run(20_000)
  acquire(10, 19)
  accept(0, 9)
  writes[0]!(KEPT)
  await simulation.run(9000)
  accept(10, 19)
  // The lock of the first ends, and no other is to be watched.
  await simulation.run(5000)
  writes[1]!(LOST)
  await simulation.run(1)
  t.equal(told.length, 2)
  t.not(told[1], ErrorCode.NONE)
  t.equal(share.records!.nextFetchOffset(), 20, 'still locked')
  await simulation.run(20_000)
  t.equal(share.records!.nextFetchOffset(), 10)
  share.fence(ErrorCode.NOT_LEADER_OR_FOLLOWER)
})

t.test('records whose last acknowledgement was lost, and whose lock has ended by then, are dead letters', async (t) => {
  const { simulation, share, writes, buried, acquire, accept } = await begin({
    maxDeliveryCount: 1,
    hasDeadLetters: true,
  })
  acquire(0, 9)
  await simulation.run(29_000)
  accept(0, 9)
  await simulation.run(3000)
  writes[0]!(LOST)
  await simulation.run(1)
  t.same(buried, [0])
  writes[1]!(KEPT)
  await simulation.run(1)
  t.equal(share.records!.startOffset, 10)
  share.fence(ErrorCode.NOT_LEADER_OR_FOLLOWER)
})
