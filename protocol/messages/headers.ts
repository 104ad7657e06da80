// What precedes every request and every response. The flexible request header keeps the classic two-byte length of its
// client id, so that a broker can read it before it knows whether it speaks the version (KIP-511).

import { header, type Infer, int16, int32, string, versions } from '../schema.ts'

export const RequestHeader = header('RequestHeader', versions(1, 2, { flexible: 2 }), {
  requestApiKey: int16(),
  requestApiVersion: int16(),
  correlationId: int32(),
  clientId: string({ nullable: true, compact: false }),
})
export type RequestHeader = Infer<typeof RequestHeader>

export const ResponseHeader = header('ResponseHeader', versions(0, 1, { flexible: 1 }), {
  correlationId: int32(),
})
export type ResponseHeader = Infer<typeof ResponseHeader>
