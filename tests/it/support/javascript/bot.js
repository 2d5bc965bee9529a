// A small app on Bolt for JavaScript, unmodified, for the emulator to meet. Says `ready` once it listens, and its port over HTTP.
//
//     node -e "$(cat bot.js)" API_URL BOT_TOKEN http SIGNING_SECRET
//     node -e "$(cat bot.js)" API_URL BOT_TOKEN socket APP_TOKEN
const { App } = require('@slack/bolt');

const [apiUrl, token, transport, secret] = process.argv.slice(1);
const clientOptions = { slackApiUrl: apiUrl.replace(/\/*$/, '/') };
const app =
  transport === 'socket'
    ? new App({ token, appToken: secret, socketMode: true, clientOptions })
    : new App({ token, signingSecret: secret, clientOptions });

const form = (metadata) => ({
  type: 'modal',
  callback_id: 'form',
  private_metadata: metadata,
  notify_on_close: true,
  title: { type: 'plain_text', text: 'Why' },
  submit: { type: 'plain_text', text: 'Send' },
  blocks: [
    {
      type: 'input',
      block_id: 'why',
      label: { type: 'plain_text', text: 'Why' },
      element: { type: 'plain_text_input', action_id: 'why' },
    },
    {
      type: 'input',
      block_id: 'what',
      optional: true,
      label: { type: 'plain_text', text: 'What' },
      element: { type: 'external_select', action_id: 'what', min_query_length: 1 },
    },
  ],
});

const card = (text) => [
  { type: 'section', text: { type: 'mrkdwn', text } },
  {
    type: 'actions',
    block_id: 'card',
    elements: [{ type: 'button', action_id: 'open', value: '1', text: { type: 'plain_text', text: 'Open' } }],
  },
];

app.command('/jit', async ({ ack, body, client, say }) => {
  await ack('posted by the library');
  if (body.text === 'form') {
    await client.views.open({ trigger_id: body.trigger_id, view: form('') });
  } else {
    await say({ text: 'a card', blocks: card(body.text) });
  }
});

app.action('open', async ({ ack, body, client }) => {
  await ack();
  const where = JSON.stringify({ channel: body.channel.id, ts: body.message.ts });
  await client.views.open({ trigger_id: body.trigger_id, view: form(where) });
});

app.options('what', async ({ ack, options }) => {
  await ack({ options: [{ text: { type: 'plain_text', text: `all of ${options.value}` }, value: 'all' }] });
});

app.view('form', async ({ ack, view, client }) => {
  const why = view.state.values.why.why.value;
  if (why === 'no') {
    await ack({ response_action: 'errors', errors: { why: 'say more' } });
    return;
  }
  await ack();
  if (view.private_metadata !== '') {
    const { channel, ts } = JSON.parse(view.private_metadata);
    await client.chat.update({ channel, ts, text: `done: ${why}`, blocks: [{ type: 'section', text: { type: 'mrkdwn', text: `done: ${why}` } }] });
  }
});

app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, client }) => {
  await ack();
  await client.chat.postMessage({ channel: 'C0GENERAL', text: 'the form was closed' });
});

app.event('user_change', async ({ event, client }) => {
  const { user } = await client.users.info({ user: event.user.id });
  await client.chat.postMessage({ channel: 'C0GENERAL', text: `changed: ${user.real_name}` });
});

(async () => {
  if (transport === 'socket') {
    await app.start();
    console.log('ready');
  } else {
    const server = await app.start({ port: 0, host: '127.0.0.1' });
    console.log(`ready ${server.address().port}`);
  }
  // Until whoever started it is gone.
  process.stdin.on('end', () => process.exit(0)).resume();
})();
