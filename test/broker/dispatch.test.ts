// The way of requests to their handlers, as bytes of clients: their headers, and what cannot be answered.

import t from 'tap'
import { handlers } from '../../broker/handlers/table.ts'
import { apis } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { ApiVersionsResponse } from '../../protocol/messages/cluster/api-versions.ts'
import { Reader } from '../../protocol/reader.ts'
import { type Client, World } from './harness.ts'

const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }

t.test('trap 2: a client id keeps its two-byte length in flexible headers, and may be null', async (t) => {
  const world = await World.start(t)
  const client = await world.connect('an id')
  const frame = client.frame('ApiVersions', 3, software, 5)
  t.same([...frame.subarray(12, 14)], [0, 5], 'not a compact string')
  const received: Uint8Array[] = []
  const { host } = world.simulation.node('raw')
  const connection = await world.simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
  connection.start({ onBytes: (bytes) => received.push(bytes.slice()), onDrain() {}, onClose() {} })
  const anonymous = Buffer.concat([Buffer.from(frame.subarray(0, 12)), Buffer.from([0xff, 0xff]), frame.subarray(19)])
  anonymous.writeInt32BE(anonymous.length - 4)
  connection.write([new Uint8Array(anonymous)])
  await world.simulation.run(100)
  const answer = Buffer.concat(received)
  t.equal(answer.readInt32BE(4), 5)
  const body = ApiVersionsResponse.decode(new Reader(answer.subarray(8)), 3)
  t.equal(body.errorCode, ErrorCode.NONE, 'trap 1: no tags in the header of the answer')
  await world.stop()
})

t.test(
  'trap 1: an unknown version of ApiVersions is answered in version 0 with the versions that there are',
  async (t) => {
    const world = await World.start(t)
    const client = await world.connect()
    const received: Uint8Array[] = []
    const { host } = world.simulation.node('raw')
    const connection = await world.simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
    connection.start({ onBytes: (bytes) => received.push(bytes.slice()), onDrain() {}, onClose() {} })
    const frame = client.frame('ApiVersions', 5, software, 77)
    new DataView(frame.buffer, frame.byteOffset).setInt16(6, 99)
    connection.write([frame])
    await world.simulation.run(100)
    const answer = Buffer.concat(received)
    t.equal(answer.readInt32BE(4), 77)
    const body = ApiVersionsResponse.decode(new Reader(answer.subarray(8)), 0)
    t.equal(body.errorCode, ErrorCode.UNSUPPORTED_VERSION)
    t.same(body.apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 5 }])
    await world.stop()
  },
)

async function closedBy(client: Client, world: World, bytes: Uint8Array): Promise<boolean> {
  client.write(bytes)
  await world.simulation.run(100)
  return client.isClosed
}

t.test('traps 4, 6: what cannot be answered closes its connection, with one line, and no other one', async (t) => {
  const world = await World.start(t)
  const bystander = await world.connect()
  const probe = bystander.frame('Heartbeat', 4, { groupId: 'g', generationId: 1, memberId: 'm' })
  const withKey = (key: number, version: number): Uint8Array => {
    const bytes = probe.slice()
    const view = new DataView(bytes.buffer)
    view.setInt16(4, key)
    view.setInt16(6, version)
    return bytes
  }
  const sized = (size: number, rest: number[] = []): Uint8Array => {
    const bytes = Buffer.alloc(4 + rest.length)
    bytes.writeInt32BE(size)
    bytes.set(rest, 4)
    return new Uint8Array(bytes)
  }
  const bad: [name: string, bytes: Uint8Array, line: RegExp][] = [
    ['an unknown API', withKey(999, 0), /unsupported API 999/],
    ['an API that has no handler', withKey(apis.Vote.key, 0), /unsupported API Vote/],
    ['a version below', withKey(apis.Fetch.key, 3), /unsupported version 3 of Fetch/],
    ['a version above', withKey(apis.Heartbeat.key, 5), /unsupported version 5 of Heartbeat/],
    ['an unstable version', withKey(apis.InitProducerId.key, 6), /unsupported version 6 of InitProducerId/],
    ['a negative version', withKey(apis.Heartbeat.key, -1), /unsupported version -1/],
    ['a frame of negative size', sized(-1), /-1 bytes was announced/],
    ['a frame over the limit', sized(0x7fffffff), /2147483647 bytes was announced/],
    ['a frame without a header', sized(3, [0, 12, 0]), /no request header/],
    ['a body that is cut', sized(10, [0, 12, 0, 0, 0, 0, 0, 1, 255, 255]), /malformed request/],
    ['a string longer than the frame', sized(12, [0, 12, 0, 0, 0, 0, 0, 1, 255, 255, 127, 255]), /malformed request/],
  ]
  for (const [name, bytes, line] of bad) {
    const client = await world.connect()
    t.equal(await closedBy(client, world, bytes), true, name)
    t.match(world.logLines(), line)
  }
  t.equal(bystander.isClosed, false)
  t.equal((await bystander.request('ApiVersions', 0, software)).errorCode, ErrorCode.NONE)
  await world.stop()
})

t.test(
  'a handler that fails, at once or later, closes its connection with the error in the log, and no other',
  async (t) => {
    const world = await World.start(t)
    const bystander = await world.connect()
    const fail = () => {
      throw new Error('a bug in a handler')
    }
    const bugs = [
      { name: 'DescribeCluster', bug: { handle: fail } },
      { name: 'DescribeCluster', bug: { handle: async () => fail() } },
      { name: 'DescribeCluster', bug: { handle: undefined, handleDeferred: fail } },
    ] as const
    for (const { name, bug } of bugs) {
      const row = handlers.find((each) => each.name === name)!
      const sound = { handle: undefined, handleDeferred: undefined, ...row }
      Object.assign(row, bug)
      t.teardown(() => Object.assign(row, sound))
      world.node.logger.events.length = 0
      const client = await world.connect()
      t.equal(
        await closedBy(client, world, client.frame(name, 0, { includeClusterAuthorizedOperations: false }, 1)),
        true,
      )
      t.match(world.logLines(), /a handler failed; its connection is closed.*DescribeCluster v0.*a bug in a handler/s)
      Object.assign(row, sound)
    }
    t.equal(bystander.isClosed, false)
    t.equal(
      (await bystander.request('DescribeCluster', 0, { includeClusterAuthorizedOperations: false })).errorCode,
      ErrorCode.NONE,
    )
    await world.stop()
  },
)
