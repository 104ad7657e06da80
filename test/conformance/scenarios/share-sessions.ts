// Share groups: sessions and limits that a sensible client has no use for, and what ends a session. After each request
// whose fault is its own, one that is right shows where the session and the records stand.

import type { RequestInputOf, ResponseOf } from '../../../protocol/apis.ts'
import type { Scenario, Session } from '../session.ts'
import {
  ACCEPT,
  type Batches,
  configure,
  type Fetch,
  fetchBody,
  member,
  pause,
  produce,
  RELEASE,
  RENEW,
  range,
  UNKNOWN_ID,
} from './share-group.ts'

/** What a session's end releases is there a moment after it. */
const settleMs = 20

/** A group of a topic, and members with sessions that go on as far as they are answered. */
class Scene {
  readonly #s: Session
  readonly groupId: string
  readonly topicId: string
  readonly #epochs = new Map<string, number>()

  constructor(s: Session, groupId: string, topicId: string) {
    this.#s = s
    this.groupId = groupId
    this.topicId = topicId
  }

  static async begin(s: Session, name: string, partitions: number): Promise<Scene> {
    await s.coordinator(name)
    const topicId = await s.topic(name, partitions)
    await configure(s, name, { 'share.auto.offset.reset': 'earliest' })
    await member(s, name, 'a', name, partitions)
    const scene = new Scene(s, name, topicId)
    // Without any session the group's locks and delivery counts are forgotten, and its state is loaded anew.
    await scene.fetch('somebody who stays', 'stays')
    return scene
  }

  async produce(index: number, ...counts: number[]): Promise<void> {
    let from = 0
    for (const count of counts) {
      await produce(this.#s, this.groupId, from, count, index)
      from += count
    }
  }

  topics(partitionIndex: number, acknowledgementBatches: Batches = [], topicId = this.topicId) {
    return [{ topicId, partitions: [{ partitionIndex, acknowledgementBatches }] }]
  }

  async fetch(label: string, memberId: string, extra: Fetch = {}): Promise<ResponseOf<'ShareFetch'> | undefined> {
    const epoch = extra.shareSessionEpoch ?? this.#epochs.get(memberId) ?? 0
    const body = fetchBody(this.groupId, memberId, epoch, { maxWaitMs: 50, ...extra })
    return this.#kept(memberId, epoch, await this.#s.ask(label, 'ShareFetch', 2, body))
  }

  /** The first of a partition waits until its state is loaded. */
  acquire(label: string, memberId: string, partitionIndex: number, extra: Fetch = {}) {
    return this.fetch(label, memberId, { maxWaitMs: 5000, topics: this.topics(partitionIndex), ...extra })
  }

  async acknowledge(
    label: string,
    memberId: string,
    topics: RequestInputOf<'ShareAcknowledge'>['topics'],
    extra: Partial<RequestInputOf<'ShareAcknowledge'>> = {},
  ): Promise<void> {
    const epoch = extra.shareSessionEpoch ?? this.#epochs.get(memberId) ?? 0
    const body = { groupId: this.groupId, memberId, shareSessionEpoch: epoch, topics, ...extra }
    this.#kept(memberId, epoch, await this.#s.ask(label, 'ShareAcknowledge', 2, body))
  }

  /** What others hold or have done with is not in it. */
  async available(label: string, partitionIndex: number): Promise<void> {
    await pause(settleMs)
    await this.fetch(`${label}: available`, 'other', { shareSessionEpoch: 0, topics: this.topics(partitionIndex) })
    await this.fetch(`${label}: the other ends`, 'other', { shareSessionEpoch: -1 })
  }

  #kept<Body extends { errorCode: number }>(memberId: string, epoch: number, answer: Body | undefined) {
    if (answer?.errorCode === 0) this.#epochs.set(memberId, epoch === -1 ? 0 : epoch + 1)
    return answer
  }
}

async function sessions(s: Session): Promise<void> {
  const scene = await Scene.begin(s, 'share-sessions', 9)
  for (let index = 0; index < 9; index++) await scene.produce(index, 10, 10)

  await scene.acquire('the first', 'a', 0, { maxRecords: 10 })
  for (const shareSessionEpoch of [-2, -2147483648, 0x7fff_ffff, 2]) {
    await scene.fetch(`epoch ${shareSessionEpoch}`, 'a', { shareSessionEpoch })
    await scene.acknowledge(`epoch ${shareSessionEpoch}`, 'a', scene.topics(0, [range(0, 1, ACCEPT)]), {
      shareSessionEpoch,
    })
  }
  await scene.acknowledge('epoch 0 of a session', 'a', scene.topics(0, [range(0, 1, ACCEPT)]), { shareSessionEpoch: 0 })
  await scene.fetch('epoch 0 with acknowledgements', 'a', {
    shareSessionEpoch: 0,
    topics: scene.topics(0, [range(0, 1, ACCEPT)]),
  })
  await scene.acknowledge('after all these', 'a', scene.topics(0, [range(0, 1, ACCEPT)]))
  await scene.available('after all these', 0)

  await scene.fetch('begun anew without a partition', 'a', { shareSessionEpoch: 0 })
  await scene.acknowledge('of the session before', 'a', scene.topics(0, [range(2, 3, ACCEPT)]))
  await scene.fetch('nothing in it', 'a')
  await scene.fetch('the end of a session without a partition', 'a', { shareSessionEpoch: -1 })
  await scene.available('its locks', 0)

  await scene.acquire('to end with a partition', 'a', 1, { maxRecords: 10 })
  await scene.fetch('the end, with a partition to fetch', 'a', { shareSessionEpoch: -1, topics: scene.topics(1) })
  await scene.available('the end, with a partition to fetch', 1)
  await scene.acquire('to end with one forgotten', 'a', 2, { maxRecords: 10 })
  await scene.fetch('the end, with a partition forgotten', 'a', {
    shareSessionEpoch: -1,
    forgottenTopicsData: [{ topicId: scene.topicId, partitions: [2] }],
  })
  await scene.available('the end, with a partition forgotten', 2)
  await scene.acquire('to end as a renewal', 'a', 3, { maxRecords: 10 })
  await scene.fetch('the end, as a renewal', 'a', {
    ...{ shareSessionEpoch: -1, isRenewAck: true, maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0 },
    topics: scene.topics(3, [range(0, 1, ACCEPT), range(2, 3, RENEW)]),
  })
  await scene.available('the end, as a renewal', 3)
  await scene.acquire('to end with what is wrong', 'a', 4, { maxRecords: 10 })
  await scene.acknowledge('the end, with what is wrong', 'a', scene.topics(4, [range(0, 1, 9)]), {
    shareSessionEpoch: -1,
  })
  await scene.available('the end, with what is wrong', 4)
  await scene.acquire('to end with a release', 'a', 5, { maxRecords: 10 })
  await scene.fetch('the end, with a release', 'a', {
    shareSessionEpoch: -1,
    topics: scene.topics(5, [range(0, 1, RELEASE)]),
  })
  await scene.available('the end, with a release', 5)

  await scene.acquire('forgotten and asked for', 'a', 6, {
    maxRecords: 5,
    forgottenTopicsData: [{ topicId: scene.topicId, partitions: [6] }],
  })
  await scene.fetch('whether it is in the session', 'a')
  await scene.acknowledge('that nobody has fetched', 'b', scene.topics(6, [range(0, 1, ACCEPT)]))
  await scene.fetch('a session of none', 'b', { shareSessionEpoch: 0 })
  await scene.acknowledge('of a partition that is not in the session', 'b', scene.topics(6, [range(0, 1, ACCEPT)]))
  await scene.acknowledge('of a topic, and of one that there is not', 'a', [
    { topicId: scene.topicId, partitions: [...scene.topics(6, [range(0, 1, ACCEPT)])[0]!.partitions] },
    { topicId: UNKNOWN_ID, partitions: [...scene.topics(0, [range(0, 1, ACCEPT)])[0]!.partitions] },
  ])
  await scene.fetch('a partition forgotten that is not in the session', 'b', {
    forgottenTopicsData: [
      { topicId: scene.topicId, partitions: [1] },
      { topicId: UNKNOWN_ID, partitions: [0] },
    ],
  })

  const [first, second] = [[range(0, 1, ACCEPT)], [range(2, 3, ACCEPT)]]
  await scene.acquire('to acknowledge twice', 'a', 7, { shareSessionEpoch: 0, maxRecords: 10 })
  await scene.acknowledge('of a topic twice', 'a', [...scene.topics(7, first), ...scene.topics(7, second)])
  await scene.fetch('the end, of a topic twice', 'a', { shareSessionEpoch: -1 })
  await scene.available('acknowledged: a topic twice', 7)
  await scene.acquire('to fetch twice', 'a', 8, { shareSessionEpoch: 0, maxRecords: 10 })
  await scene.fetch('of a topic twice', 'a', { topics: [...scene.topics(8, first), ...scene.topics(8, second)] })
  await scene.fetch('the end, fetched twice', 'a', { shareSessionEpoch: -1 })
  await scene.available('fetched: a topic twice', 8)
}

const nothingToFetch = { maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0 }

async function bounds(s: Session): Promise<void> {
  const cases: readonly (readonly [string, Fetch])[] = [
    ['no records', { maxRecords: 0 }],
    ['less than no records', { maxRecords: -1 }],
    ['no records, as a limit', { maxRecords: 0, shareAcquireMode: 1 }],
    ['less than no records, as a limit', { maxRecords: -1, shareAcquireMode: 1 }],
    ['one record', { maxRecords: 1 }],
    ['one record, as a limit', { maxRecords: 1, shareAcquireMode: 1 }],
    ['more than a batch', { maxRecords: 11 }],
    ['more than a batch, as a limit', { maxRecords: 11, shareAcquireMode: 1 }],
    ['batches of none', { batchSize: 0 }],
    ['batches of less than none', { batchSize: -1 }],
    ['batches of none, as a limit', { batchSize: 0, shareAcquireMode: 1 }],
    ['batches of one', { batchSize: 1 }],
    ['batches of eleven', { batchSize: 11 }],
    ['batches of one, as a limit', { batchSize: 1, shareAcquireMode: 1, maxRecords: 15 }],
    ['no bytes', { maxBytes: 0 }],
    ['less than no bytes', { maxBytes: -1 }],
    ['one byte', { maxBytes: 1 }],
    ['a batch and a half', { maxBytes: 250 }],
    ['at least nothing', { minBytes: 0 }],
    ['at least less than nothing', { minBytes: -1 }],
    ['at least more than at most', { minBytes: 1000, maxBytes: 100 }],
    ['at least more than there is', { minBytes: 1 << 20 }],
    ['no wait', { maxWaitMs: 0 }],
    ['a wait below 0', { maxWaitMs: -1 }],
    ['a mode below 0', { shareAcquireMode: -1 }],
    ['a mode that there is not', { shareAcquireMode: 2 }],
  ]
  const scene = await Scene.begin(s, 'share-bounds', cases.length)
  for (const [index, [label, extra]] of cases.entries()) {
    await scene.produce(index, 10, 10, 10)
    const topics = scene.topics(index)
    // Loaded, and nothing acquired: another member gives all back when it ends.
    await scene.acquire(`${label}: loaded`, 'first', index, { shareSessionEpoch: 0 })
    await scene.fetch(`${label}: given back`, 'first', { shareSessionEpoch: -1 })
    await pause(settleMs)
    await scene.fetch(label, 'a', { shareSessionEpoch: 0, topics, ...extra })
    await scene.fetch(`${label}: what is left`, 'b', { shareSessionEpoch: 0, topics })
    await scene.fetch(`${label}: in the session`, 'a')
    await scene.fetch(`${label}: the other ends`, 'b', { shareSessionEpoch: -1 })
    await scene.fetch(`${label}: ends`, 'a', { shareSessionEpoch: -1 })
  }
}

async function renewals(s: Session): Promise<void> {
  const scene = await Scene.begin(s, 'share-renewals', 2)
  await scene.produce(0, 10, 10)
  await scene.produce(1, 10)
  await scene.acquire('acquired', 'a', 0, { maxRecords: 10 })
  const renewing = (batches: Batches) => ({ ...nothingToFetch, isRenewAck: true, topics: scene.topics(0, batches) })
  const one = [range(0, 1, RENEW)]
  const wrong: readonly (readonly [string, Fetch])[] = [
    ['that waits', { maxWaitMs: 1 }],
    ['that wants a byte', { minBytes: 1 }],
    ['that takes a byte', { maxBytes: 1 }],
    ['that takes a record', { maxRecords: 1 }],
    ['that waits less than not', { maxWaitMs: -1 }],
    ['with an epoch of before', { shareSessionEpoch: 0 }],
    ['with an epoch that is too great', { shareSessionEpoch: 9 }],
  ]
  for (const [label, extra] of wrong) await scene.fetch(`a renewal ${label}`, 'a', { ...renewing(one), ...extra })
  await scene.fetch('a renewal', 'a', renewing(one))
  await scene.fetch('a renewal of nothing', 'a', renewing([]))
  await scene.fetch('a renewal with an acquire mode', 'a', { ...renewing(one), shareAcquireMode: 1 })
  await scene.fetch('a renewal with a batch size of none', 'a', { ...renewing(one), batchSize: 0 })
  await scene.fetch('a renewal and a release', 'a', renewing([range(0, 1, RENEW, RELEASE)]))
  await scene.fetch('a renewal of what is released', 'a', renewing([range(1, 1, RENEW)]))
  await scene.fetch('a renewal of what another has', 'b', { shareSessionEpoch: 0, topics: scene.topics(0) })
  await scene.fetch('by the other', 'b', renewing([range(2, 3, RENEW)]))
  await scene.fetch('a renewal past all', 'a', renewing([range(40, 41, RENEW)]))
  await scene.fetch('a partition that is new', 'a', { ...renewing([]), topics: scene.topics(1) })
  await scene.fetch('whether it is in the session', 'a', { maxWaitMs: 1000 })
  await scene.fetch('a renewal that does not say so', 'a', { topics: scene.topics(0, one) })
  await scene.fetch('a renewal, and a topic that there is not', 'a', {
    ...renewing([]),
    topics: [...scene.topics(0, one), ...scene.topics(0, [], UNKNOWN_ID)],
  })
  await scene.fetch('a renewal, with that in the session', 'a', renewing(one))
  await scene.fetch('no renewal, with that in the session', 'a', { maxRecords: 0 })
  await scene.fetch('without that', 'a', { forgottenTopicsData: [{ topicId: UNKNOWN_ID, partitions: [0] }] })
  await scene.acknowledge('a renewal', 'a', scene.topics(0, one), { isRenewAck: true })
  await scene.acknowledge('a renewal that is none', 'a', scene.topics(0, [range(2, 3, ACCEPT)]), { isRenewAck: true })
  await scene.acknowledge('a renewal of nothing', 'a', [], { isRenewAck: true })
  await scene.acknowledge('a renewal that ends', 'a', scene.topics(0, one), { isRenewAck: true, shareSessionEpoch: -1 })
  await scene.available('renewed and ended', 0)
}

export const shareSessionScenarios: Readonly<Record<string, Scenario>> = {
  shareSessions: sessions,
  shareBounds: bounds,
  shareRenewals: renewals,
}
