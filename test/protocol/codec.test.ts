import t from 'tap'
import { MalformedRequest, UnencodableValue } from '../../protocol/errors.ts'
import { FetchRequest, FetchResponse } from '../../protocol/messages/data/fetch.ts'
import { groupRecords } from '../../protocol/messages/group-state/group-records.ts'
import { HeartbeatRequest } from '../../protocol/messages/groups/heartbeat.ts'
import { RequestHeader } from '../../protocol/messages/headers.ts'
import {
  decodeMetadataRecord,
  encodeMetadataRecord,
  metadataRecords,
} from '../../protocol/messages/metadata-log/frame.ts'
import { MetadataRequest } from '../../protocol/messages/topics/metadata.ts'
import { Reader } from '../../protocol/reader.ts'
import { array, int32, int64, request, string, struct, versions } from '../../protocol/schema.ts'
import { Writer } from '../../protocol/writer.ts'
import { vectors } from './oracle.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

t.test('one shape for all versions', async (t) => {
  const v0 = HeartbeatRequest.encodeBytes({ groupId: 'g', generationId: 1, memberId: 'm' }, 0)
  t.equal(hex(v0), '000167' + '00000001' + '00016d')
  t.same(HeartbeatRequest.decode(v0, 0), { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null })
  const v4 = HeartbeatRequest.encodeBytes({ groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: 'i' }, 4)
  t.equal(hex(v4), '0267' + '00000001' + '026d' + '0269' + '00')
  t.equal(HeartbeatRequest.decode(v4, 4).groupInstanceId, 'i')
  t.throws(() => HeartbeatRequest.decode(v4, 5), RangeError, 'a version that does not exist')
  t.throws(() => HeartbeatRequest.decode(v4, -1), RangeError)
})

t.test('what a version cannot say', async (t) => {
  t.equal(MetadataRequest.decode(MetadataRequest.encodeBytes({ topics: null }, 1), 1).topics, null)
  t.throws(() => MetadataRequest.encode({ topics: null }, 0), UnencodableValue, 'null')
  const old = FetchRequest.encodeBytes({ ...fetch, rackId: 'r', topics: [] }, 4)
  t.equal(FetchRequest.decode(old, 4).rackId, '', 'a field that it lacks is left out')
})

t.test('records go in and out by reference', async (t) => {
  const batch = Buffer.alloc(5000, 1)
  const value = {
    throttleTimeMs: 0,
    responses: [
      {
        topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
        partitions: [
          { partitionIndex: 0, errorCode: 0, highWatermark: 9n, abortedTransactions: null, records: [batch, batch] },
        ],
      },
    ],
  }
  const chunks = FetchResponse.encode(value, 16)
  t.equal(chunks.length, 4)
  t.equal(chunks[1], batch)
  const whole = FetchResponse.encodeBytes(value, 16)
  const records = FetchResponse.decode(whole, 16).responses[0]!.partitions[0]!.records!
  t.equal(records.byteLength, 10000)
  t.equal(records.buffer, whole.buffer, 'a view')
})

t.test('unknown tagged fields are written again in the order of all tags', async (t) => {
  const unknownTaggedFields = [
    { tag: 9, bytes: Buffer.from('99', 'hex') },
    { tag: 2, bytes: Buffer.from('2222', 'hex') },
  ]
  const bytes = FetchRequest.encodeBytes({ ...fetch, topics: [], clusterId: 'c', unknownTaggedFields }, 15)
  const end = '03' + '00020263' + '02022222' + '090199'
  t.ok(hex(bytes).endsWith(end), hex(bytes))
  const value = FetchRequest.decode(bytes, 15)
  t.equal(value.clusterId, 'c')
  t.same(
    value.unknownTaggedFields?.map(({ tag, bytes }) => [tag, hex(bytes)]),
    [
      [2, '2222'],
      [9, '99'],
    ],
  )
  t.equal(hex(FetchRequest.encodeBytes(value, 15)), hex(bytes))
})

t.test('a tagged field must be as long as it says', async (t) => {
  const Sample = request('Sample', 0, versions(0, 0, { flexible: 0 }), { n: int32({ tag: 0 }) })
  t.same(Sample.decode(Buffer.from('01000400000007', 'hex'), 0), { n: 7 })
  t.throws(() => Sample.decode(Buffer.from('0100050000000700', 'hex'), 0), MalformedRequest)
  t.throws(() => Sample.decode(Buffer.from('010003000007', 'hex'), 0), MalformedRequest)
  t.throws(() => Sample.decode(Buffer.from('010009', 'hex'), 0), /^SampleRequest v0: tagged field of size 9/)
})

t.test('defaults', async (t) => {
  const Inner = { a: int32({ default: -1 }), b: array(int64()) }
  const Sample = request('Sample', 0, versions(0, 1, { flexible: 1 }), {
    name: string({ since: 1, default: 'none' }),
    inner: struct(Inner, { since: 1, tag: 3 }),
    absent: struct(Inner, { since: 1, nullable: true, default: null }),
  })
  const empty = Sample.decode(new Uint8Array(0), 0)
  t.same(empty, { name: 'none', inner: { a: -1, b: [] }, absent: null })
  t.not(empty.inner, Sample.decode(new Uint8Array(0), 0).inner, 'are not shared')
  t.equal(hex(Sample.encodeBytes({}, 1)), '056e6f6e65' + 'ff' + '00', 'stand for what is missing')
  t.equal(hex(Sample.encodeBytes({ inner: { a: -1, b: [] } }, 1)), '056e6f6e65' + 'ff' + '00', 'are not tagged')
  t.equal(
    hex(Sample.encodeBytes({ inner: { b: [1n] } }, 1)),
    '056e6f6e65ff0103' + '0e' + 'ffffffff02000000000000000100',
  )
  t.throws(() => Sample.encode({ absent: { a: 2147483648, b: [] } }, 1), UnencodableValue)
})

t.test('an array whose elements have no bytes is refused by the compiler', async (t) => {
  const Sample = request('Sample', 0, versions(0, 1), { list: array({ a: int32({ since: 1 }) }) })
  t.throws(() => Sample.decode(Buffer.alloc(8), 0), /length could not be checked/)
  t.same(Sample.decode(Buffer.from('0000000100000005', 'hex'), 1), { list: [{ a: 5 }] })
})

t.test('a header and a body from one reader', async (t) => {
  const writer = new Writer()
  const header = { requestApiKey: 12, requestApiVersion: 4, correlationId: 7, clientId: 'c' }
  RequestHeader.encodeTo(writer, header, 2)
  HeartbeatRequest.encodeTo(writer, { groupId: 'g', generationId: 1, memberId: 'm' }, 4)
  const reader = new Reader(writer.toBytes())
  t.same(RequestHeader.decode(reader, 2), header)
  t.equal(HeartbeatRequest.decode(reader, 4).groupId, 'g')
  t.equal(reader.remaining, 0)
})

t.test('records of the metadata log', async (t) => {
  const topic = {
    type: 'TopicRecord',
    version: 0,
    value: { name: 'orders', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ' },
  } as const
  const bytes = encodeMetadataRecord(topic)
  t.equal(hex(bytes), `010200076f7264657273${'00'.repeat(15)}0100`)
  t.same(decodeMetadataRecord(bytes), topic)
  for (const { message, version, bytes: body } of vectors()) {
    if (!(message in metadataRecords)) continue
    const framed = Buffer.concat([framePrefix(message as keyof typeof metadataRecords, version), body])
    const record = decodeMetadataRecord(framed)
    t.equal(record.type, message)
    t.equal(hex(encodeMetadataRecord(record)), hex(framed), `${message} v${version}`)
  }
  for (const [bad, why] of [
    ['020200', 'frame version'],
    ['016300', 'type'],
    ['010209', 'version'],
    [`${hex(bytes)}00`, 'bytes after it'],
    ['', 'nothing'],
  ] as const) {
    t.throws(() => decodeMetadataRecord(Buffer.from(bad, 'hex')), MalformedRequest, why)
  }
})

function framePrefix(type: keyof typeof metadataRecords, version: number): Uint8Array {
  return Buffer.from([1, metadataRecords[type].apiKey, version])
}

t.test('records of coordinators', async (t) => {
  const commit = {
    type: 'OffsetCommit',
    version: 3,
    key: { group: 'g', topic: 't', partition: 5 },
    value: { offset: 42n, leaderEpoch: 1, metadata: '', commitTimestamp: 1000n },
  } as const
  const { key, value } = groupRecords.encode(commit)
  t.equal(hex(key), '0001' + '000167' + '000174' + '00000005')
  t.equal(hex(value!), '0003' + '000000000000002a' + '00000001' + '0000' + '00000000000003e8')
  const decoded = groupRecords.decode(key, value)
  t.match(decoded, commit)
  if (decoded?.type === 'OffsetCommit') t.equal(decoded.value?.offset, 42n, 'told apart by type')
  const tombstone = groupRecords.encode({ type: 'OffsetCommit', key: commit.key, value: null })
  t.equal(tombstone.value, null)
  t.match(groupRecords.decode(tombstone.key, null), { type: 'OffsetCommit', value: null, version: -1 })
  t.equal(groupRecords.decode(Buffer.from('7fff0000', 'hex'), value), undefined, 'unknown types are skipped')
  t.throws(() => groupRecords.decode(key, Buffer.from('7fff', 'hex')), MalformedRequest, 'unknown versions are not')
  t.throws(() => groupRecords.decode(key, new Uint8Array(1)), MalformedRequest)
})

const fetch = { maxWaitMs: 0, minBytes: 0, isolationLevel: 0 }
