// Fetches that wait, fetches of several partitions under one limit, and sessions that outlive what they were opened
// for.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { type Scenario, type Session, versionsOf, ZERO_UUID } from '../session.ts'
import { batch, fetchBody, TIME, Topic } from './data.ts'

const UNKNOWN_ID = 'unknown-unknown-unknow'
const LONG_MS = 8000
const pause = () => new Promise((resolve) => setTimeout(resolve, 100))

type Row = RequestInputOf<'Fetch'>['topics'][number]['partitions'][number]
const row = (partition: number, fetchOffset = 0n, partitionMaxBytes = 1 << 20): Row => ({
  partition,
  fetchOffset,
  partitionMaxBytes,
})

/** Until the broker no longer serves it. */
async function gone(s: Session, { name }: Topic): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const asked = [{ name, partitions: [{ partitionIndex: 0, timestamp: -1n }] }]
    const { topics } = await s.get('ListOffsets', 7, { replicaId: -1, topics: asked })
    await pause()
    if (topics[0]?.partitions[0]?.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) return
  }
}

/** One connection waits while another one does something about it. */
async function waits(s: Session): Promise<void> {
  for (const version of [4, 11, 12, 13, 18]) {
    const topic = await Topic.create(s, `waits-v${version}`, 2)
    const wait = async (
      label: string,
      fetchOffset: bigint,
      minBytes: number,
      isolationLevel: number,
      act: () => unknown,
    ) => {
      const limits = { maxWaitMs: LONG_MS, minBytes, isolationLevel }
      const waiting = s.ask(label, 'Fetch', version, fetchBody(topic, { fetchOffset }, limits), s.connection())
      await pause()
      await act()
      await waiting
    }
    await wait('woken by a batch', 0n, 1, 0, () => topic.fill(batch(1)))
    await wait('woken by the second batch', 1n, 100, 1, () => topic.fill(batch(1), batch(1)))
    await wait('woken by a large batch', 3n, 1000, 0, () => topic.fill(batch(10, { value: 'x'.repeat(200) })))
    await wait('woken by the end of its topic', 13n, 1, 0, () =>
      s.get('DeleteTopics', 6, { topics: [{ name: topic.name, topicId: ZERO_UUID }], timeoutMs: 5000 }),
    )
  }
}

async function severalPartitions(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'several', 3)
  const other = await Topic.create(s, 'several-other')
  for (const index of [0, 1, 2])
    await s.get('Produce', 9, topic.produceBody(batch(4, { value: 'v'.repeat(50) }), {}, index))
  await other.fill(batch(2))
  for (const version of versionsOf('Fetch')) {
    const ask = (label: string, rows: Row[], maxBytes: number, minBytes = 0) =>
      s.ask(label, 'Fetch', version, {
        ...{ maxWaitMs: 0, minBytes, isolationLevel: 0, maxBytes },
        topics: [
          { topic: topic.name, topicId: topic.id, partitions: rows },
          { topic: other.name, topicId: other.id, partitions: [row(0)] },
        ],
      })
    await ask('all of them', [row(0), row(1), row(2)], 1 << 20)
    await ask('nothing of the first, one byte at most', [row(0, 4n), row(1), row(2)], 1)
    await ask('no byte at most', [row(0), row(1)], 0)
    await ask('one that is not there', [row(7)], 1 << 20)
    await ask('one out of range, and much to wait for', [row(0), row(1, 99n)], 1 << 20, 1 << 20)
    await ask('a negative limit', [row(0)], -1)
    await ask('a partition twice', [row(0), row(0, 4n)], 1 << 20)
  }
}

async function sessionsThatLast(s: Session): Promise<void> {
  for (const version of versionsOf('Fetch', 7)) {
    const topic = await Topic.create(s, `lasting-v${version}`, 2)
    const doomed = await Topic.create(s, `doomed-v${version}`)
    await topic.fill(batch(1))
    type Rows = [of: Topic, ...rows: Row[]]
    const ask = (label: string, sessionId: number, sessionEpoch: number, asked: Rows[], as = version) =>
      s.ask(`${label}, opened with v${version}`, 'Fetch', as, {
        ...{ maxWaitMs: 0, minBytes: 0, isolationLevel: 1, sessionId, sessionEpoch, forgottenTopicsData: [] },
        topics: asked.map(([of, ...partitions]) => ({ topic: of.name, topicId: of.id, partitions })),
      })
    const absent = new Topic(s, 'lasting-absent', UNKNOWN_ID)
    const id =
      (
        await ask('opened', 0, 0, [
          [topic, row(0), row(1)],
          [doomed, row(0)],
          [absent, row(0)],
        ])
      )?.sessionId ?? 0
    await ask('the absent one is told again', id, 1, [[topic, row(0, 1n)]])
    await ask('out of range', id, 2, [[topic, row(1, 50n)]])
    await ask('out of range still', id, 3, [])
    await ask('in range again', id, 4, [[topic, row(1, 0n)]])
    await ask('nothing new', id, 5, [])
    await s.get('DeleteTopics', 6, { topics: [{ name: doomed.name, topicId: ZERO_UUID }], timeoutMs: 5000 })
    await gone(s, doomed)
    await ask('a topic deleted', id, 6, [])
    if (version === 12) await ask('goes on with topic ids', id, 7, [], 13)
    if (version === 13) await ask('goes on with names', id, 7, [], 12)
    await ask('opened anew over the old one', id, 0, [[topic, row(0)]])
    await ask('the old one', id, version === 12 || version === 13 ? 8 : 7, [])
    await ask('without a session', 0, -1, [[topic, row(0)]])
    await ask('an epoch and no session', 0, 5, [[topic, row(0)]])
    await ask('a negative epoch', id, -7, [[topic, row(0)]])
  }
}

/** By time, in what a deletion has left, and where times are not in order. */
async function times(s: Session): Promise<void> {
  const topic = await Topic.create(s, 'times')
  const at = (ms: number, count = 1) =>
    batch(count, { timestamp: TIME + ms, compression: ms % 2 === 0 ? 'none' : 'zstd' })
  await topic.fill(at(0, 3), at(1001, 3), at(500), at(9000), at(9000, 2), at(201, 4))
  const stamped = await Topic.create(s, 'times-stamped', 1, { 'message.timestamp.type': 'LogAppendTime' })
  await stamped.fill(at(0, 3))
  await pause()
  await stamped.fill(at(1, 2))
  const ask = (label: string, time: number, of = topic) =>
    s.ask(label, 'ListOffsets', 9, {
      ...{ replicaId: -1, isolationLevel: 0 },
      topics: [{ name: of.name, partitions: [{ partitionIndex: 0, timestamp: BigInt(time) }] }],
    })
  const stages = [0n, 2n, 4n, 8n, 9n, -1n]
  for (const offset of stages) {
    const partitions = [{ partitionIndex: 0, offset }]
    await s.get('DeleteRecords', 2, { topics: [{ name: topic.name, partitions }], timeoutMs: 5000 })
    for (const ms of [-1, 0, 1, 2, 3, 500, 1001, 1002, 1003, 1004, 9000, 9001, 9002])
      await ask(`${ms} after the start, deleted to ${offset}`, TIME + ms)
    await ask(`the largest time, deleted to ${offset}`, -3)
    await ask(`the earliest, deleted to ${offset}`, -2)
  }
  await ask("the largest of the broker's times", -3, stamped)
  await ask("the first of the broker's times", TIME, stamped)
}

export const fetchingScenarios: Readonly<Record<string, Scenario>> = {
  waits,
  severalPartitions,
  sessionsThatLast,
  times,
}
