// One suite for every Network, then what only a simulated one can show.

import t from 'tap'
import type { Connection, Listener, Network } from '../../host/network.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { SlabPool } from '../../host/slab.ts'
import { seed, subjects } from './implementations.ts'

/** As much as both ends and the kernel between them hold and then some. */
const MANY_CHUNKS = 120
const CHUNK_SIZE = 100_000

/** What has happened on a connection. */
class Peer {
  readonly connection: Connection
  readonly #pieces: Uint8Array[] = []
  receivedSize = 0
  drains = 0
  closes = 0
  error: string | null = null
  onChange: () => void = () => {}
  /** Received into, from its begin to its end. */
  target: Buffer | null = null
  targetSize = 0

  constructor(connection: Connection) {
    this.connection = connection
    connection.start({
      onBytes: (bytes) => {
        if (this.target?.buffer === bytes.buffer) {
          this.targetSize += bytes.length
          if (this.targetSize === this.target.length) this.target = null
        }
        this.#pieces.push(new Uint8Array(bytes))
        this.receivedSize += bytes.length
        this.onChange()
      },
      receiveInto: () => this.target?.subarray(this.targetSize) ?? null,
      onDrain: () => {
        this.drains++
        this.onChange()
      },
      onClose: (error) => {
        this.closes++
        this.error = error?.code ?? null
        this.onChange()
      },
    })
  }

  get received(): Buffer {
    return Buffer.concat(this.#pieces)
  }

  send(text: string): boolean {
    return this.connection.write([Buffer.from(text)])
  }

  until(isDone: (peer: Peer) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.onChange = () => {
        if (isDone(this)) resolve()
      }
      this.onChange()
    })
  }
}

interface Pair {
  readonly client: Peer
  readonly server: Peer
  readonly listener: Listener
}

async function pair(server: Network, client = server, host = '127.0.0.1'): Promise<Pair> {
  let accept: (peer: Peer) => void = () => {}
  const accepted = new Promise<Peer>((resolve) => {
    accept = resolve
  })
  const listener = await server.listen({ host: '127.0.0.1', port: 0 }, (connection) => accept(new Peer(connection)))
  const connection = await client.connect({ host, port: listener.address.port })
  return { client: new Peer(connection), server: await accepted, listener }
}

for (const subject of subjects(t)) {
  const { complete } = subject
  const { network } = subject.host

  t.test(`network, ${subject.name}`, async (t) => {
    t.test('chunks arrive in order, both ways', async (t) => {
      const { client, server, listener } = await complete(pair(network))
      t.equal(client.connection.remote.port, listener.address.port)
      t.equal(server.connection.remote.port, client.connection.local.port)
      t.equal(client.connection.write([Buffer.from('a'), Buffer.alloc(0), Buffer.from('bc')]), true)
      client.send('d')
      await complete(server.until((peer) => peer.receivedSize === 4))
      t.equal(server.received.toString(), 'abcd')
      server.send('answer')
      await complete(client.until((peer) => peer.receivedSize === 6))
      client.connection.destroy()
      await complete(server.until((peer) => peer.closes > 0))
      await complete(listener.close())
      t.equal(client.closes, 1)
      t.equal(server.closes, 1)
      t.equal(client.error, null)
    })

    t.test('a peer that does not read fills the sender, which drains when it reads again', async (t) => {
      const { client, server, listener } = await complete(pair(network))
      server.connection.pause()
      const chunk = Buffer.alloc(256 * 1024, 7)
      let sentSize = 0
      let accepted = true
      while (accepted) {
        accepted = client.connection.write([chunk])
        sentSize += chunk.length
      }
      t.ok(client.connection.unsentSize() > 0)
      t.equal(client.drains, 0)
      server.connection.resume()
      await complete(client.until((peer) => peer.drains > 0))
      await complete(server.until((peer) => peer.receivedSize === sentSize))
      t.equal(client.connection.unsentSize(), 0)
      t.ok(server.received.every((byte) => byte === 7))
      client.connection.destroy()
      await complete(listener.close())
    })

    t.test('end sends what is unsent, and closes both sides in order', async (t) => {
      const { client, server, listener } = await complete(pair(network))
      const chunk = Buffer.alloc(3_000_000, 1)
      client.connection.write([chunk])
      client.connection.end()
      await complete(server.until((peer) => peer.closes > 0))
      t.equal(server.receivedSize, chunk.length)
      t.equal(server.error, null)
      await complete(client.until((peer) => peer.closes > 0))
      t.equal(client.error, null)
      server.connection.destroy()
      server.send('into the void')
      await complete(listener.close())
    })

    t.test('bytes arrive where their owner wants them', async (t) => {
      const { client, server, listener } = await complete(pair(network))
      const sent = Buffer.alloc(1_000_000)
      for (let at = 0; at < sent.length; at += 4) sent.writeInt32LE(at, at)
      client.send('the beginning')
      const target = Buffer.alloc(600_000)
      await complete(
        server.until((peer) => {
          if (peer.receivedSize > 0) peer.target ??= target
          return peer.receivedSize > 0
        }),
      )
      server.onChange = () => {}
      client.send('!')
      await complete(server.until((peer) => peer.receivedSize === 14))
      client.connection.write([sent])
      await complete(server.until((peer) => peer.receivedSize === 14 + sent.length))
      t.ok(server.received.subarray(14).equals(sent))
      t.equal(server.target, null, 'the target is full')
      const at = server.received.indexOf(target)
      t.ok(at === 13 || at === 14, `what it holds came at ${at}`)
      client.connection.destroy()
      await complete(listener.close())
    })

    t.test('chunks are let go of once they are sent, not before', async (t) => {
      const slabs = new SlabPool({ poisons: true, keepSize: Infinity })
      const { client, server, listener } = await complete(pair(network))
      let taken = 0
      const chunk = (size: number): Buffer => {
        taken += size > 64 * 1024 ? 128 * 1024 : 64 * 1024
        return slabs.take(size).fill(7)
      }
      const sizes = [[10], [10, 20], [10, CHUNK_SIZE], [CHUNK_SIZE], [0, 10], [5000, 20, 3, 70_000]]
      for (let count = 0; count < MANY_CHUNKS; count++) sizes.push([10], [10, 10], [10, CHUNK_SIZE])
      const writes = sizes.map((sizes) => sizes.map(chunk))
      for (const chunks of writes) client.connection.write(chunks)
      t.ok(slabs.freeSize < taken, 'the peer cannot have taken all of it yet')
      const size = 275_083 + MANY_CHUNKS * (CHUNK_SIZE + 40)
      await complete(server.until((peer) => peer.receivedSize === size))
      t.ok(server.received.equals(Buffer.alloc(size, 7)))
      client.send('.')
      await complete(server.until((peer) => peer.receivedSize === size + 1))
      t.equal(slabs.freeSize, taken)
      client.connection.destroy()
      await complete(listener.close())
    })

    t.test('a connection that is destroyed lets go of what it has not sent, once', async (t) => {
      const slabs = new SlabPool({ keepSize: Infinity })
      const { client, server, listener } = await complete(pair(network))
      server.connection.pause()
      const writes = Array.from({ length: MANY_CHUNKS }, () => [slabs.take(10), slabs.take(CHUNK_SIZE)])
      const single = Array.from({ length: MANY_CHUNKS }, () => [slabs.take(10)])
      const late = [slabs.take(10), slabs.take(CHUNK_SIZE)]
      for (const chunks of [...writes, ...single]) client.connection.write(chunks)
      client.connection.destroy()
      client.connection.write(late)
      await complete(client.until((peer) => peer.closes > 0))
      server.connection.destroy()
      await complete(server.until((peer) => peer.closes > 0))
      t.equal(slabs.freeSize, MANY_CHUNKS * 256 * 1024 + 192 * 1024)
      await complete(listener.close())
    })

    t.test('a listener that is closed leaves its connections open, and refuses new ones', async (t) => {
      const { client, server, listener } = await complete(pair(network))
      await complete(listener.close())
      client.send('still here')
      await complete(server.until((peer) => peer.receivedSize === 10))
      await t.rejects(complete(network.connect({ host: '127.0.0.1', port: listener.address.port })), {
        code: 'ECONNREFUSED',
        name: 'NetworkError',
      })
      server.connection.destroy()
      await complete(client.until((peer) => peer.closes > 0))
    })

    t.test('a port is taken once', async (t) => {
      const listener = await complete(network.listen({ host: '127.0.0.1', port: 0 }, () => {}))
      await t.rejects(complete(network.listen(listener.address, () => {})), { code: 'EADDRINUSE' })
      await complete(listener.close())
    })

    t.test('a connection destroyed before its start is told closed once', async (t) => {
      const { listener, client } = await complete(pair(network))
      const connection = await complete(network.connect({ host: '127.0.0.1', port: listener.address.port }))
      connection.destroy()
      const peer = new Peer(connection)
      t.equal(peer.closes, 0, 'not inside start')
      await complete(peer.until((peer) => peer.closes > 0))
      t.equal(peer.closes, 1)
      client.connection.destroy()
      await complete(listener.close())
    })
  })
}

t.test('simulated network', async (t) => {
  t.test('a large message arrives in pieces of all sizes, whole', async (t) => {
    const simulation = simulate(seed)
    const { client, server } = await simulation.complete(
      pair(simulation.node('a').host.network, simulation.node('b').host.network, 'a'),
    )
    const sent = Buffer.from(simulation.random.fill(new Uint8Array(700_000)))
    client.connection.write([sent])
    await simulation.complete(server.until((peer) => peer.receivedSize === sent.length))
    t.ok(server.received.equals(sent))
  })

  t.test('a short partition delays, a long one ends the connection', async (t) => {
    const simulation = simulate(seed)
    const { client, server } = await simulation.complete(
      pair(simulation.node('a').host.network, simulation.node('b').host.network, 'a'),
    )
    simulation.network.partition('a', 'b')
    client.send('one ')
    client.send('two')
    await simulation.run(2000)
    t.equal(server.receivedSize, 0)
    simulation.network.heal('a', 'b')
    await simulation.complete(server.until((peer) => peer.receivedSize === 7))
    t.equal(server.received.toString(), 'one two')
    simulation.network.partition('a', 'b')
    await simulation.run(simulation.network.resetAfterMs + 1)
    t.equal(client.error, 'ETIMEDOUT')
    t.equal(server.error, 'ETIMEDOUT')
    await t.rejects(simulation.complete(simulation.node('b').host.network.connect({ host: 'a', port: 1 })), {
      code: 'ETIMEDOUT',
    })
  })

  t.test('the end of a process resets its connections, and its port is free', async (t) => {
    for (const how of ['kill', 'crash'] as const) {
      const simulation = simulate(seed)
      const node = simulation.node('a')
      const { client, server, listener } = await simulation.complete(
        pair(node.host.network, simulation.node('b').host.network, 'a'),
      )
      node[how]()
      client.send('anyone?')
      await simulation.complete(client.until((peer) => peer.closes > 0))
      t.equal(client.error, 'ECONNRESET', how)
      t.equal(server.closes, 0, 'a process that has ended hears nothing')
      await simulation.complete(node.restart().network.listen(listener.address, () => {}))
    }
  })
})
