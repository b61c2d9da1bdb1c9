// A client of a P2PGrpc node in another language: @grpc/grpc-js, which reads the protos at run time.
//
// usage: client.js PROTOS HOST:PORT TOKEN send TO TEXT
//        client.js PROTOS HOST:PORT TOKEN read COUNT
//
// Writes one JSON object a line. Exits 1 with the status on an error.
'use strict';

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const limitMilliseconds = 20000;
const [protos, address, token, verb, ...rest] = process.argv.slice(2);

const definition = loader.loadSync('p2pgrpc/v1/peer_service.proto', {
  includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
});
const { PeerService } = grpc.loadPackageDefinition(definition).p2pgrpc.v1;
const service = new PeerService(address, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${token}`);
const options = () => ({ deadline: Date.now() + limitMilliseconds });

const show = (facts) => console.log(JSON.stringify(facts));

const fail = (error) => {
  console.error(`${grpc.status[error.code]}: ${error.details}`);
  process.exit(1);
};

const verbs = {
  send(to, text) {
    service.Send({ to, text }, metadata, options(), (error, answer) => {
      if (error) fail(error);
      show(answer);
    });
  },
  read(count) {
    let left = Number(count);
    const call = service.Subscribe({ start_at: 'START_AT_START' }, metadata, options());
    call.on('error', (error) => {
      if (error.code !== grpc.status.CANCELLED) fail(error);
    });
    call.on('data', (response) => {
      for (const batch of response.batches) {
        for (const entry of batch.messages) {
          show({ alias: batch.alias, text: entry.content.text });
          left -= 1;
        }
      }
      if (left <= 0) call.cancel();
    });
  },
};

verbs[verb](...rest);
