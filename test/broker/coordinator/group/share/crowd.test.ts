// A share group whose target takes more than one batch of `__consumer_offsets`.

import t from 'tap'
import { shareHeartbeat } from '../../../../../broker/coordinator/group/share/heartbeat.ts'
import {
  type ShareHeartbeat,
  shareHeartbeatError,
} from '../../../../../broker/coordinator/group/share/heartbeat-answer.ts'
import { describeShareGroups } from '../../../../../broker/coordinator/group/share/requests.ts'
import { stateInitialized } from '../../../../../broker/coordinator/group/share/state-plans.ts'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import { TOPIC_IDS, World } from '../harness.ts'

const SIZE = 100
const GROUP = 'shared'.padStart(16_000, '-')

class Crowd {
  readonly #world: World
  readonly #epochs = new Map<string, number>()

  constructor(world: World) {
    this.#world = world
  }

  async heartbeat(memberId: string): Promise<number> {
    const memberEpoch = this.#epochs.get(memberId) ?? 0
    const subscribedTopicNames = memberEpoch === 0 ? ['orders'] : null
    const client = { clientId: 'client', clientHost: '127.0.0.1' }
    const { answer } = await this.#world.complete(
      this.#world.coordinator.run<ShareHeartbeat>(
        GROUP,
        (machine, reply) =>
          shareHeartbeat(
            machine,
            { groupId: GROUP, memberId, memberEpoch, rackId: null, subscribedTopicNames, ...client },
            reply,
          ),
        (errorCode) => shareHeartbeatError(errorCode),
      ),
    )
    this.#epochs.set(memberId, answer.memberEpoch ?? memberEpoch)
    return answer.errorCode ?? ErrorCode.NONE
  }

  /** As the share coordinator has it done. */
  async initialize(partitions: readonly number[]): Promise<void> {
    const topic = { topicId: TOPIC_IDS['orders'] ?? '', name: 'orders', partitions, stateEpoch: 2 }
    await this.#world.complete(
      this.#world.coordinator.run<number>(
        GROUP,
        (machine, reply) => stateInitialized(machine, GROUP, [topic], reply),
        (errorCode) => errorCode,
      ),
    )
  }

  describe() {
    return this.#world.complete(describeShareGroups(this.#world.coordinator, [GROUP]))
  }
}

t.test('a target that takes more than a batch of the log is given out all the same', async (t) => {
  const world = new World()
  await world.ready()
  world.topics.set('orders', { id: TOPIC_IDS['orders'] ?? '', partitionCount: SIZE })
  const crowd = new Crowd(world)
  const ids = Array.from({ length: SIZE }, (_, index) => `member ${index}`)
  for (const id of ids) t.equal(await crowd.heartbeat(id), ErrorCode.NONE)
  const before = world.readLog().length
  await crowd.initialize(Array.from({ length: SIZE }, (_, index) => index))
  for (const id of ids) t.equal(await crowd.heartbeat(id), ErrorCode.NONE)
  t.ok(world.readLog().length - before > SIZE * GROUP.length)
  const [group] = await crowd.describe()
  const assigned = group?.members.flatMap(({ assignment }) => assignment.topicPartitions[0]?.partitions ?? [])
  t.equal(new Set(assigned).size, SIZE)
})
