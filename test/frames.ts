// Requests as frames, and what answers say: for clients of tests that speak the protocol by themselves.

import { type Api, type ApiName, apis, type RequestInputOf, type ResponseOf } from '../protocol/apis.ts'
import { RequestHeader, ResponseHeader } from '../protocol/messages/headers.ts'
import { Reader } from '../protocol/reader.ts'
import { Writer } from '../protocol/writer.ts'

/** The frame with its size, in memory of its own. */
export function encodeRequest<Name extends ApiName>(
  name: Name,
  version: number,
  request: RequestInputOf<Name>,
  clientId: string,
  correlationId = 0,
): Buffer {
  const api: Api = apis[name]
  const writer = new Writer()
  const header = { requestApiKey: api.key, requestApiVersion: version, correlationId, clientId }
  RequestHeader.encodeTo(writer, header, api.requestHeaderVersion(version))
  // The name ties the request to its API; the table behind it does not know which one it is.
  api.request.encodeTo(writer, request as never, version)
  const body = writer.toBytes()
  const frame = Buffer.allocUnsafeSlow(4 + body.length)
  frame.writeInt32BE(body.length)
  frame.set(body, 4)
  return frame
}

/** Of a frame without its size. */
export function decodeAnswer<Name extends ApiName>(name: Name, version: number, frame: Uint8Array): ResponseOf<Name> {
  const api: Api = apis[name]
  const reader = new Reader(frame)
  ResponseHeader.decode(reader, api.responseHeaderVersion(version))
  const answer = api.response.decode(reader, version)
  if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes are left of ${name} v${version}`)
  return answer as ResponseOf<Name>
}
