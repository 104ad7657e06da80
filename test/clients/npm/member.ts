/**
 * One member of a consumer group, of either client, in this process or, so that it can be killed, in one of its own:
 *
 *   node test/clients/npm/member.ts CLIENT BOOTSTRAP GROUP TOPIC     prints what it observes, a JSON object a line
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Consumer, stringDeserializers } from '@platformatic/kafka'
import { connect } from './kafkajs.ts'

export type Client = 'kafkajs' | 'platformatic'
export type Membership = { client: Client; bootstrap: string; groupId: string; topic: string }
type Observation = { assigned: number[] } | { message: string }
type Observe = (observation: Observation) => void

/** The shortest that brokers allow by default (group.min.session.timeout.ms). */
const SESSION_TIMEOUT_MS = 6_000
const REBALANCE_TIMEOUT_MS = 10_000
const HEARTBEAT_INTERVAL_MS = 300
const MAX_WAIT_MS = 200

export class Member {
  readonly messages: string[] = []
  assigned: number[] = []
  readonly #stop: () => Promise<void>

  private constructor(stop: () => Promise<void>) {
    this.#stop = stop
  }

  static async inProcess(membership: Membership): Promise<Member> {
    let stop = async () => {}
    const member = new Member(() => stop())
    stop = await join(membership, (observation) => member.#observe(observation))
    return member
  }

  /** Its stop() is a kill: the member says nothing to the group. */
  static async inChild({ client, bootstrap, groupId, topic }: Membership): Promise<Member> {
    const script = fileURLToPath(import.meta.url)
    const args = ['--conditions=milena-source', script, client, bootstrap, groupId, topic]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const member = new Member(() => kill(child))
    createInterface(child.stdout).on('line', (line) => member.#observe(JSON.parse(line)))
    return member
  }

  stop(): Promise<void> {
    return this.#stop()
  }

  #observe(observation: Observation): void {
    if ('assigned' in observation) this.assigned = observation.assigned
    else this.messages.push(observation.message)
  }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

function join(membership: Membership, observe: Observe): Promise<() => Promise<void>> {
  return membership.client === 'kafkajs' ? joinKafkajs(membership, observe) : joinPlatformatic(membership, observe)
}

async function joinKafkajs({ bootstrap, groupId, topic }: Membership, observe: Observe): Promise<() => Promise<void>> {
  const consumer = connect(bootstrap).consumer({
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    maxWaitTimeInMs: MAX_WAIT_MS,
  })
  consumer.on('consumer.group_join', ({ payload }) => {
    observe({ assigned: payload.memberAssignment[topic] ?? [] })
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => observe({ message: String(message.value) }),
  })
  return async () => {
    await consumer.disconnect()
    observe({ assigned: [] })
  }
}

async function joinPlatformatic(
  { bootstrap, groupId, topic }: Membership,
  observe: Observe,
): Promise<() => Promise<void>> {
  const consumer = new Consumer({
    clientId: 'milena-test',
    bootstrapBrokers: [bootstrap],
    groupId,
    sessionTimeout: SESSION_TIMEOUT_MS,
    rebalanceTimeout: REBALANCE_TIMEOUT_MS,
    heartbeatInterval: HEARTBEAT_INTERVAL_MS,
    maxWaitTime: MAX_WAIT_MS,
    deserializers: stringDeserializers,
    autocommit: 100,
  })
  consumer.on('consumer:group:join', ({ assignments }) => {
    observe({ assigned: assignments?.find((assignment) => assignment.topic === topic)?.partitions ?? [] })
  })
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
  stream.on('data', (message) => observe({ message: message.value }))
  stream.on('error', (error) => {
    throw error
  })
  return async () => {
    await stream.close()
    await consumer.close(true)
    observe({ assigned: [] })
  }
}

function isClient(name: string | undefined): name is Client {
  return name === 'kafkajs' || name === 'platformatic'
}

if (import.meta.main) {
  const [client, bootstrap, groupId, topic] = process.argv.slice(2)
  if (!isClient(client) || !bootstrap || !groupId || !topic) throw new Error('CLIENT BOOTSTRAP GROUP TOPIC')
  await join({ client, bootstrap, groupId, topic }, (observation) => {
    process.stdout.write(`${JSON.stringify(observation)}\n`)
  })
}
