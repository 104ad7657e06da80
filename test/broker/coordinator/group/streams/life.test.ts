// Random lives of streams groups, from a seed: SEED=n node test/broker/coordinator/group/streams/life.test.ts
// Threads of a few processes come, go, crash and miss answers, the number of standby tasks changes, the broker crashes.
// Invariants, after every step: no task is active in two threads, nor in two threads of a process in whatever role.

import t from 'tap'
import { SeededRandom } from '../../../../../host/simulated/random.ts'
import { seed } from '../../../../host/implementations.ts'
import { World } from '../harness.ts'
import { describeStreams, internalTopic, StreamThread, settle, subtopology } from './stream-thread.ts'

const GROUP = 'app'
const PARTITIONS = 4
const TOPOLOGY = {
  epoch: 0,
  subtopologies: [
    subtopology('0', { sourceTopics: ['orders'], repartitionSinkTopics: ['app-repartition'] }),
    subtopology('1', {
      repartitionSourceTopics: [internalTopic('app-repartition')],
      stateChangelogTopics: [internalTopic('app-changelog')],
    }),
  ],
}
const ALL = ['0', '1'].flatMap((id) => Array.from({ length: PARTITIONS }, (_, partition) => `${id}-${partition}`))
const PROCESSES = ['p', 'q', 'r']
/** Well within the session. */
const SILENCE_MS = 15_000

class Life {
  readonly world: World
  readonly #random: () => number
  readonly #configs = new Map([['streams.initial.rebalance.delay.ms', '500']])
  threads: StreamThread[] = []
  readonly #heard = new Map<StreamThread, number>()
  #count = 0

  constructor(lifeSeed: number) {
    const random = new SeededRandom(lifeSeed)
    this.#random = () => random.next32() / 2 ** 32
    this.world = new World({ seed: lifeSeed, config: { ownValues: () => this.#configs } })
    for (const [index, name] of ['app-repartition', 'app-changelog'].entries()) {
      this.world.topics.set(name, { id: `AAAAAAAAAAAAAAAAAAAAC${'Qg'[index]}`, partitionCount: PARTITIONS })
    }
  }

  #pick<T>(values: readonly T[]): T | undefined {
    return values[Math.floor(this.#random() * values.length)]
  }

  async step(): Promise<string> {
    const thread = this.#pick(this.threads)
    const dice = this.#random()
    if (thread === undefined || (dice < 0.06 && this.threads.length < 6)) return this.#join()
    await this.world.run(Math.floor(this.#random() * 800))
    for (const one of this.threads) {
      if (this.world.node.host.clock.now() - (this.#heard.get(one) ?? 0) > SILENCE_MS) await this.#beat(one)
    }
    if (dice < 0.75) return this.#beat(thread)
    if (dice < 0.88) {
      // The answer is lost on its way.
      await thread.ask()
      return `${thread.memberId} hears nothing`
    }
    if (dice < 0.92) return this.#go(thread, this.#random() < 0.5)
    if (dice < 0.96) {
      const replicas = String(Math.floor(this.#random() * 3))
      this.#configs.set('streams.num.standby.replicas', replicas)
      return `${replicas} standby tasks each`
    }
    this.world.crash()
    await this.world.ready()
    return 'the broker crashes'
  }

  async #join(): Promise<string> {
    const processId = this.#pick(PROCESSES)!
    const memberId = `${processId}${this.#count++}`
    const thread = new StreamThread(this.world, GROUP, memberId, { processId, topology: TOPOLOGY })
    this.threads.push(thread)
    return this.#beat(thread)
  }

  async #beat(thread: StreamThread): Promise<string> {
    const errorCode = await thread.heartbeat()
    this.#heard.set(thread, this.world.node.host.clock.now())
    // Fenced or forgotten: it drops everything and joins again.
    if (errorCode !== 0) thread.restart()
    return `${thread.memberId} heartbeats: ${errorCode === 0 ? thread.epoch : `error ${errorCode}`}`
  }

  async #go(thread: StreamThread, leaves: boolean): Promise<string> {
    this.threads = this.threads.filter((one) => one !== thread)
    if (leaves && thread.epoch > 0) await thread.leave()
    return `${thread.memberId} ${leaves ? 'leaves' : 'crashes'}`
  }

  /** What is wrong; null: nothing. */
  fault(): string | null {
    const active = new Map<string, string>()
    const held = new Map<string, string>()
    for (const { memberId, options, tasks, standbys } of this.threads) {
      for (const task of tasks) {
        const other = active.get(task)
        if (other !== undefined) return `${task} is active in ${other} and ${memberId}`
        active.set(task, memberId)
      }
      for (const task of [...tasks, ...standbys]) {
        const key = `${options.processId} ${task}`
        const other = held.get(key)
        if (other !== undefined && other !== memberId) return `${task} is in ${other} and ${memberId}`
        held.set(key, memberId)
      }
    }
    return null
  }

  async end(): Promise<void> {
    while (this.threads.length === 0) await this.#join()
    // Whoever has crashed is found out.
    for (let round = 0; round < 5; round++) {
      for (const thread of this.threads) await this.#beat(thread)
      await this.world.run(SILENCE_MS)
    }
    await settle(this.world, this.threads, 12)
  }

  standbyCount(): number {
    const wanted = Number(this.#configs.get('streams.num.standby.replicas') ?? '0')
    const processes = new Set(this.threads.map(({ options }) => options.processId)).size
    return PARTITIONS * Math.min(wanted, processes - 1)
  }
}

const LIVES = 12
const STEPS = 150

t.test(`no task is held twice, whatever happens (from seed ${seed})`, { timeout: 60_000 }, async (t) => {
  for (let number = 0; number < LIVES; number++) {
    const life = new Life(seed + number)
    await life.world.ready()
    const story: string[] = []
    for (let step = 0; step < STEPS; step++) {
      story.push(await life.step())
      const fault = life.fault()
      if (fault !== null) {
        t.fail(`seed ${seed + number}, step ${step}: ${fault}\n${story.slice(-25).join('\n')}`)
        return
      }
    }
    await life.end()
    const name = `seed ${seed + number}`
    t.same(life.threads.flatMap(({ tasks }) => tasks).sort(), ALL, `${name}: in the end every task is active once`)
    t.equal(life.threads.flatMap(({ standbys }) => standbys).length, life.standbyCount(), `${name}: standby tasks`)
    const before = await describeStreams(life.world, GROUP)
    t.equal(before.groupState, 'Stable', name)
    life.world.kill()
    await life.world.ready()
    // Partition counts of internal topics are worked out anew with the next heartbeat.
    const after = { ...(await describeStreams(life.world, GROUP)), topology: before.topology }
    t.same(after, before, `${name}: the log says the same`)
  }
})
