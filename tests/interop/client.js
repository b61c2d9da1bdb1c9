// A client of a P2PGrpc node in another language: @grpc/grpc-js, which reads the protos at run time.
//
// usage: client.js PROTOS HOST:PORT TOKEN send TO TEXT
//        client.js PROTOS HOST:PORT TOKEN read COUNT
//        client.js PROTOS HOST:PORT TOKEN tour
//
// tour calls a new node in all ways that a client needs, and writes what tour.expected holds.
// Writes one JSON object a line. Exits 1 with the status on an error.
'use strict';

const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const path = require('node:path');
const protobuf = require('protobufjs');

const limitMilliseconds = 20000;
const [protos, address, token, verb, ...rest] = process.argv.slice(2);

const definition = loader.loadSync(['p2pgrpc/v1/peer_service.proto', 'p2pgrpc/v1/conversation_service.proto'], {
  includeDirs: [protos], keepCase: true, longs: String, enums: String, defaults: true, oneofs: true,
});
const { PeerService, ConversationService } = grpc.loadPackageDefinition(definition).p2pgrpc.v1;
const service = new PeerService(address, grpc.credentials.createInsecure());
const conversations = new ConversationService(address, grpc.credentials.createInsecure());
const metadata = new grpc.Metadata();
metadata.set('authorization', `Bearer ${token}`);
const options = () => ({ deadline: Date.now() + limitMilliseconds });

const show = (facts) => console.log(JSON.stringify(facts));

const fail = (error) => {
  console.error(`${grpc.status[error.code]}: ${error.details}`);
  process.exit(1);
};

const call = (stub, method, request) => new Promise((done, refused) => {
  stub[method](request, metadata, options(), (error, answer) => (error ? refused(error) : done(answer)));
});

const textsOf = (batches) => batches.flatMap((batch) => batch.messages.map((entry) => entry.content.text));

/** Reads until so many texts have come, then cancels. */
const subscribe = (count, request) => new Promise((done, refused) => {
  const stream = service.Subscribe({ include_own: true, ...request }, metadata, options());
  const texts = [];
  let cursor;
  stream.on('error', (error) => (error.code === grpc.status.CANCELLED ? done({ texts, cursor }) : refused(error)));
  stream.on('data', (response) => {
    texts.push(...textsOf(response.batches));
    cursor = response.cursor;
    if (texts.length >= count) stream.cancel();
  });
});

/** The google.rpc.Status that an error carries beside its code, unpacked: the details by their types. */
const detailsOf = (error) => {
  const types = protobuf.loadSync(path.join(__dirname, 'google_rpc.proto'));
  const status = types.lookupType('google.rpc.Status').decode(error.metadata.get('grpc-status-details-bin')[0]);
  const found = {};
  for (const packed of status.details) {
    const name = packed.typeUrl.split('/').pop();
    if (types.lookup(name)) found[name] = types.lookupType(name).decode(packed.value);
  }
  return found;
};

const errorOf = (promise) => promise.then(() => { throw new Error('it should have failed'); }, (error) => error);

const endOf = (stream) => new Promise((done) => {
  stream.on('error', (error) => done(grpc.status[error.code]));
});

async function tour() {
  const sent = await call(service, 'Send', { to: 'self', text: 'one', message_id: '1' });
  show({ step: 'send', state: sent.state });
  const again = await call(service, 'Send', { to: 'self', text: 'one', message_id: '1' });
  show({ step: 'repeat', same: again.reference === sent.reference });
  await call(service, 'Send', { to: 'self', text: 'two' });
  const first = await subscribe(2, { start_at: 'START_AT_START' });
  show({ step: 'subscribe', texts: first.texts });
  await call(service, 'Send', { to: 'self', text: 'grüße 🌍' });
  show({ step: 'resume', texts: (await subscribe(1, { after: first.cursor })).texts });

  let page;
  do page = await call(conversations, 'ListMessages', { conversation: 'self' }); while (page.behind !== '0');
  show({ step: 'history', texts: textsOf(page.batches) });

  let error = await errorOf(call(service, 'Send', { to: 'nobody', text: 'x' }));
  show({ step: 'error', code: grpc.status[error.code], reason: detailsOf(error)['google.rpc.ErrorInfo'].reason });
  error = await errorOf(call(service, 'Send', { text: 'x' }));
  show({ step: 'field', code: grpc.status[error.code], field: detailsOf(error)['google.rpc.BadRequest'].fieldViolations[0].field });

  const brief = service.Subscribe({}, metadata, { deadline: Date.now() + 200 });
  brief.resume();
  show({ step: 'deadline', code: await endOf(brief) });
  const endless = service.Subscribe({}, metadata);
  endless.once('data', () => endless.cancel());
  show({ step: 'cancel', code: await endOf(endless) });
}

const verbs = {
  tour: () => tour().catch(fail),
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
