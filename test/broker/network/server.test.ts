import t, { type Test } from 'tap'
import type { Answer, Dispatcher } from '../../../broker/network/dispatcher.ts'
import { ListenerError, parseListeners, planListener } from '../../../broker/network/listeners.ts'
import { MemoryBudget } from '../../../broker/network/memory-budget.ts'
import { type ConnectionAdmission, Server, type ServerLimits } from '../../../broker/network/server.ts'
import type { Connection, NetworkError } from '../../../host/network.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { seed } from '../../host/implementations.ts'

function prefixed(...bytes: number[]): Uint8Array {
  return Uint8Array.of(0, 0, 0, bytes.length, ...bytes)
}

/** Answers each frame with itself; a frame that begins with 99 is malformed. */
const echo: Dispatcher = {
  mayOverlap: () => true,
  dispatch: (frame, _peer, slot) =>
    slot.reply(frame[0] === 99 ? { close: 'malformed request: 99' } : [prefixed(...frame)]),
  forget: () => {},
}

const unlimited: ServerLimits = {
  maxFrameSize: 1000,
  maxConnections: 100,
  maxConnectionsPerIp: 100,
  maxConnectionsPerIpOverrides: new Map(),
  maxIdleMs: 600_000,
}

class Client {
  connection: Connection
  received: number[] = []
  isClosed = false
  error: NetworkError | null = null
  constructor(connection: Connection) {
    this.connection = connection
    connection.start({
      onBytes: (bytes) => this.received.push(...bytes),
      onDrain: () => {},
      onClose: (error) => {
        this.isClosed = true
        this.error = error
      },
    })
  }
}

const atOnce: ConnectionAdmission = { admit: () => ({ waitMs: 0, isRefused: false }) }

async function world(
  _t: Test,
  limits: Partial<ServerLimits>,
  dispatcher: Dispatcher = echo,
  admission: ConnectionAdmission = atOnce,
) {
  const simulation = simulate(seed)
  const broker = simulation.node('broker')
  const { network, clock, timers, slabs, logger } = broker.host
  const server = new Server({
    network,
    clock,
    timers,
    slabs,
    logger,
    listener: 'PLAINTEXT',
    requests: new MemoryBudget(10_000),
    answers: new MemoryBudget(10_000),
    limits: { ...unlimited, ...limits },
    admission,
  })
  const address = await simulation.complete(server.listen({ host: 'broker', port: 9092 }))
  server.serve(dispatcher)
  const connect = async (from = 'client'): Promise<Client> => {
    const { host } = simulation.node(from)
    const client = new Client(await simulation.complete(host.network.connect(address)))
    await simulation.run(10)
    return client
  }
  const lines = (): string => broker.logger.lines().join('\n')
  return { simulation, server, connect, lines }
}

t.test('a bad frame closes that connection with one line; the others notice nothing', async (t) => {
  const { simulation, connect, lines } = await world(t, {})
  const good = await connect()
  const bad = await connect()
  good.connection.write([Uint8Array.of(0, 0, 0, 1, 1)])
  bad.connection.write([Uint8Array.of(0, 0, 0, 1, 99)])
  await simulation.run(50)
  good.connection.write([Uint8Array.of(0, 0, 0, 1, 2)])
  await simulation.run(50)
  t.equal(bad.isClosed, true)
  t.same(good.received, [0, 0, 0, 1, 1, 0, 0, 0, 1, 2])
  t.equal(good.isClosed, false)
  t.equal(lines().match(/malformed request: 99/g)?.length, 1)
})

t.test('a frame over socket.request.max.bytes closes its connection before it is received', async (t) => {
  const { simulation, connect, lines } = await world(t, { maxFrameSize: 100 })
  const client = await connect()
  client.connection.write([Uint8Array.of(6, 64, 0, 0)])
  await simulation.run(50)
  t.equal(client.isClosed, true)
  t.match(lines(), /104857600 bytes was announced, the limit is 100/)
})

t.test('connections over max.connections and max.connections.per.ip are refused', async (t) => {
  const total = await world(t, { maxConnections: 2 })
  const [first, second, third] = [await total.connect(), await total.connect('b'), await total.connect('c')]
  t.same([first.isClosed, second.isClosed, third.isClosed], [false, false, true])
  first.connection.end()
  await total.simulation.run(50)
  t.equal((await total.connect('c')).isClosed, false, 'room again')

  const perIp = await world(t, { maxConnectionsPerIp: 1, maxConnectionsPerIpOverrides: new Map([['b', 2]]) })
  t.equal((await perIp.connect('a')).isClosed, false)
  t.equal((await perIp.connect('a')).isClosed, true)
  await perIp.connect('b')
  t.equal((await perIp.connect('b')).isClosed, false)
  t.match(perIp.lines(), /max.connections.per.ip/)
})

t.test('connections that were kept waiting for the rate count when their turn comes', async (t) => {
  for (const [limits, refusal] of [
    [{ maxConnectionsPerIp: 2 }, /connection refused .*max.connections.per.ip/g],
    [{ maxConnections: 2 }, /connection refused .*max.connections\b/g],
  ] as const) {
    let turn = 0
    const admission = { admit: () => ({ waitMs: 1000 * ++turn, isRefused: false }) }
    const { simulation, server, connect, lines } = await world(t, limits, echo, admission)
    const clients = [await connect(), await connect(), await connect(), await connect()]
    t.equal(server.connectionCount, 0, 'all wait')
    await simulation.run(3500)
    t.same(
      clients.map(({ isClosed }) => isClosed),
      [false, false, true, false],
    )
    clients[0]!.connection.end()
    await simulation.run(1000)
    t.equal(clients[3]!.isClosed, false, 'its turn comes when there is room again')
    t.equal(server.connectionCount, 2)
    t.equal(lines().match(refusal)?.length, 1)
  }
})

t.test('connections kept waiting to be closed, since their address comes too fast, count for no limit', async (t) => {
  const admission = { admit: (host: string) => ({ waitMs: host === 'fast' ? 1000 : 0, isRefused: host === 'fast' }) }
  const { simulation, connect } = await world(t, { maxConnections: 2 }, echo, admission)
  const fast = [await connect('fast'), await connect('fast'), await connect('fast')]
  t.equal((await connect('slow')).isClosed, false)
  await simulation.run(1500)
  t.ok(fast.every(({ isClosed }) => isClosed))
})

t.test('a connection that does nothing is closed after connections.max.idle.ms', async (t) => {
  const { simulation, connect } = await world(t, { maxIdleMs: 1000 })
  const idle = await connect()
  const busy = await connect()
  for (let i = 0; i < 20; i++) {
    busy.connection.write([Uint8Array.of(0, 0, 0, 1, 1)])
    await simulation.run(100)
  }
  t.equal(idle.isClosed, true)
  t.equal(busy.isClosed, false)
})

t.test('a peer that stops in the middle of a frame is cut off', async (t) => {
  const { simulation, connect, lines } = await world(t, { maxIdleMs: -1 })
  const client = await connect()
  client.connection.write([Uint8Array.of(0, 0, 0, 9, 1)])
  await simulation.run(70_000)
  t.equal(client.isClosed, true)
  t.match(lines(), /begun and not finished/)
})

t.test('close ends every connection and stops accepting', async (t) => {
  const { simulation, server, connect } = await world(t, {})
  const clients = [await connect(), await connect()]
  await simulation.complete(server.close())
  await simulation.run(50)
  t.ok(clients.every(({ isClosed }) => isClosed))
  t.equal(server.connectionCount, 0)
  await t.rejects(connect())
})

t.test('a stop answers what is under way, and waits for nothing else', async (t) => {
  const held = new Map<number, (answer: Answer) => void>()
  const { simulation, server, connect } = await world(
    t,
    {},
    { ...echo, dispatch: (frame, _peer, slot) => held.set(frame[0] ?? 0, (answer) => slot.reply(answer)) },
  )
  const [busy, idle, hopeless] = [await connect(), await connect(), await connect()]
  busy.connection.write([Uint8Array.of(0, 0, 0, 1, 7)])
  hopeless.connection.write([Uint8Array.of(0, 0, 0, 1, 9)])
  await simulation.run(20)
  const closed = server.close()
  await simulation.run(20)
  t.same([busy.isClosed, idle.isClosed], [false, true])
  busy.connection.write([Uint8Array.of(0, 0, 0, 1, 8)])
  held.get(7)?.([prefixed(7)])
  await simulation.complete(closed)
  await simulation.run(20)
  t.same(busy.received, [0, 0, 0, 1, 7])
  t.equal(held.size, 2, 'nothing more was read')
  t.same([busy.isClosed, hopeless.isClosed], [true, true])
  t.same(hopeless.received, [])
})

t.test('listeners are read as Kafka reads them', async (t) => {
  t.same(parseListeners('listeners', ['plaintext://127.0.0.1:9092', 'CONTROLLER://[::1]:9093']), [
    { name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 },
    { name: 'CONTROLLER', host: '::1', port: 9093 },
  ])
  const plan = (listeners: string, advertised: string | null = null, map = new Map<string, string>()) =>
    planListener(listeners.split(','), advertised === null ? null : [advertised], ['CONTROLLER'], map)
  t.equal(plan('PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:1').listen.port, 0)
  t.equal(plan('PLAINTEXT://0.0.0.0:9092', 'PLAINTEXT://broker.example:9092').advertise.host, 'broker.example')
  t.equal(plan('INSIDE://127.0.0.1:1', null, new Map([['INSIDE', 'PLAINTEXT']])).listen.name, 'INSIDE')
  for (const [listeners, advertised, message] of [
    ['127.0.0.1:9092', null, /NAME:\/\/HOST:PORT/],
    ['PLAINTEXT://127.0.0.1:99999', null, /NAME:\/\/HOST:PORT/],
    ['CONTROLLER://127.0.0.1:1', null, /no listener for clients/],
    ['SSL://127.0.0.1:1', null, /only PLAINTEXT is supported/],
    ['PLAINTEXT://0.0.0.0:9092', null, /set advertised.listeners=PLAINTEXT:\/\/HOST:9092/],
  ] as const) {
    t.throws(() => plan(listeners, advertised), { constructor: ListenerError, message })
  }
})
