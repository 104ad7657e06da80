import t from 'tap'
import {
  ShareMachine,
  type ShareOutcome,
  shareRecordFormat,
} from '../../../../broker/coordinator/share/share-machine.ts'
import { combine } from '../../../../broker/coordinator/share/share-state.ts'
import {
  initializeState,
  type StateAnswer,
  writeState,
} from '../../../../broker/coordinator/share/share-state-events.ts'
import { simulate } from '../../../../host/simulated/simulation.ts'
import { seed } from '../../../host/implementations.ts'

const batch = (firstOffset: number, lastOffset: number, deliveryState: number, deliveryCount: number) => {
  return { firstOffset, lastOffset, deliveryState, deliveryCount }
}
const shown = (batches: ReturnType<typeof combine>) =>
  batches.map((one) => `${one.firstOffset}-${one.lastOffset}:${one.deliveryState}x${one.deliveryCount}`)

t.test('what was delivered further wins where batches overlap', async (t) => {
  const before = [batch(0, 9, 0, 1), batch(20, 29, 2, 1)]
  t.same(shown(combine(before, [batch(5, 24, 0, 2)], 0)), ['0-4:0x1', '5-24:0x2', '25-29:2x1'])
  t.same(shown(combine(before, [batch(5, 24, 0, 0)], 0)), ['0-9:0x1', '10-19:0x0', '20-29:2x1'])
  t.same(shown(combine(before, [batch(2, 3, 2, 1)], 0)), ['0-1:0x1', '2-3:2x1', '4-9:0x1', '20-29:2x1'])
  t.same(shown(combine(before, [batch(10, 19, 0, 1)], 0)), ['0-19:0x1', '20-29:2x1'], 'neighbours are one')
  t.same(shown(combine(before, [], 5)), ['5-9:0x1', '20-29:2x1'], 'what lies below the start is dropped')
})

t.test('any batches give what a table of single offsets gives', async (t) => {
  const { random } = simulate(seed).node('a').host
  for (let round = 0; round < 300; round++) {
    let batches: ReturnType<typeof combine> = []
    const table = new Map<number, readonly [number, number]>()
    for (let step = 0; step < 12; step++) {
      const first = random.below(60)
      const one = batch(first, first + random.below(20), random.below(2) * 2, random.below(4))
      batches = combine(batches, [one], 0)
      for (let offset = one.firstOffset; offset <= one.lastOffset; offset++) {
        const [state, count] = table.get(offset) ?? [-1, -1]
        const wins = one.deliveryCount > count || (one.deliveryCount === count && one.deliveryState >= state)
        if (wins) table.set(offset, [one.deliveryState, one.deliveryCount])
      }
    }
    let last = -1
    for (const one of batches) {
      if (one.firstOffset <= last) t.fail(`seed ${seed}: ${shown(batches)} overlap`)
      last = one.lastOffset
      for (let offset = one.firstOffset; offset <= one.lastOffset; offset++) {
        const expected = table.get(offset)
        if (expected?.[0] !== one.deliveryState || expected[1] !== one.deliveryCount) {
          t.fail(`seed ${seed}: ${offset} of ${shown(batches)} is to be ${expected}`)
        }
        table.delete(offset)
      }
    }
    if (table.size > 0) t.fail(`seed ${seed}: ${[...table.keys()]} are missing in ${shown(batches)}`)
  }
  t.pass('300 rounds')
})

/** A log in memory: what is written is replayed, and can be replayed once more. */
function machineOf(updatesPerSnapshot: number) {
  const { host } = simulate(seed).node('a')
  const make = () => {
    const timers = { schedule: () => {}, cancel: () => {}, post: () => {}, leaderEpoch: 0 }
    return new ShareMachine(host, { updatesPerSnapshot, coldSnapshotIntervalMs: 300_000 }, timers)
  }
  const log: { key: Uint8Array; value: Uint8Array | null }[] = []
  const machine = make()
  const run = (event: (reply: never) => ShareOutcome): StateAnswer => {
    let answer: StateAnswer | undefined
    const reply = { send: (value: StateAnswer) => (answer = value), sendError: () => {} }
    const outcome = event(reply as never)
    for (const record of outcome.records) {
      const entry = shareRecordFormat.encode(record)
      log.push(entry)
      machine.replay(shareRecordFormat.decode(entry.key, entry.value)!, log.length - 1)
    }
    outcome.applied?.()
    return answer!
  }
  const reloaded = (from: number) => {
    const again = make()
    for (const [offset, { key, value }] of log.entries()) {
      if (offset >= from) again.replay(shareRecordFormat.decode(key, value)!, offset)
    }
    return again
  }
  return { machine, run, log, reloaded }
}

t.test('a log that is cut off before the oldest snapshot that is needed gives the same state', async (t) => {
  const { machine, run, log, reloaded } = machineOf(5)
  const keys = ['a', 'b'].map((groupId) => ({ groupId, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 }))
  const there = () => true
  for (const key of keys) run((reply) => initializeState(machine, key, { stateEpoch: 0, startOffset: 0 }, there, reply))
  for (let index = 0; index < 40; index++) {
    const key = keys[index % 3 === 0 ? 1 : 0]!
    const asked = { stateEpoch: 0, leaderEpoch: 0, startOffset: index * 5, deliveryCompleteCount: 3 }
    const { errorCode } = run((reply) =>
      writeState(machine, key, { ...asked, batches: [batch(index * 5, index * 5 + 3, 2, 1)] }, there, reply),
    )
    t.equal(errorCode, 0)
  }
  const needed = machine.firstNeededOffset()!
  t.ok(needed > 20 && needed < log.length)
  const again = reloaded(needed)
  for (const key of keys) {
    const [state, same] = [machine.get(key)!, again.get(key)!]
    t.same(shown(same.batches), shown(state.batches))
    t.equal(same.startOffset, state.startOffset)
    t.equal(same.deliveryCompleteCount, state.deliveryCompleteCount)
  }
})
