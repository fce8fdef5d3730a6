// The popup's own behaviour. What happened is decided by the sandbox; this page shows it and
// tells the page around it.
(function () {
  'use strict';
  var data = document.body.dataset;
  var session = '/v1/connect/sessions/' + data.session;
  var framed = window.parent !== window;
  var pollEvery = 3000;

  function tell(message) {
    if (framed) { window.parent.postMessage(JSON.stringify(message), '*'); }
  }

  function leave(text) {
    document.getElementById('panel').hidden = true;
    var end = document.getElementById('end');
    end.textContent = text;
    end.hidden = false;
  }

  function closed(redirect) {
    if (redirect) { window.location.href = redirect; return; }
    tell({ type: 'hapi-connect-close' });
    leave('Nothing more to do. You can close this window.');
  }

  function finished(answer) {
    if (answer.redirect) { window.location.href = answer.redirect; return; }
    for (var copy = 0; copy < answer.copies; copy += 1) {
      tell({ type: 'hapi-connect-finish', token: answer.finish });
    }
    if (!answer.more) { leave('Done. You can close this window.'); }
  }

  function status(text) { document.getElementById('status').textContent = text; }

  function call(method, path) {
    return fetch(session + path, { method: method, cache: 'no-store' }).then(function (response) {
      return response.json().then(function (body) {
        if (!response.ok) { throw new Error(body.message || 'The sandbox refused.'); }
        return body;
      });
    });
  }

  function show(row, connected) {
    var button = row.querySelector('button');
    var name = row.querySelector('.name').textContent;
    row.dataset.connected = String(connected);
    button.dataset.action = connected ? 'disconnect' : 'connect';
    button.textContent = connected ? 'Disconnect' : 'Connect';
    button.setAttribute('aria-label', button.textContent + ' ' + name);
    status(name + (connected ? ' is connected.' : ' is disconnected.'));
  }

  function press(row, button) {
    var connect = button.dataset.action === 'connect';
    button.disabled = true;
    call(connect ? 'POST' : 'DELETE', '/sources/' + row.dataset.source).then(function (answer) {
      show(row, connect);
      if (answer.finish) { finished(answer); }
    }).catch(function (error) {
      status(error.message);
    }).then(function () { button.disabled = false; });
  }

  function end(path) {
    call('POST', path).then(function (answer) {
      if (answer.closed) { closed(answer.redirect); } else { finished(answer); }
    }).catch(function (error) { status(error.message); });
  }

  function poll() {
    fetch(session, { cache: 'no-store' }).then(function (response) {
      // 412 says that the session is over; the browser notes it in the console by itself.
      if (response.ok) { window.setTimeout(poll, pollEvery); }
    }).catch(function () { window.setTimeout(poll, pollEvery); });
  }

  document.getElementById('close').addEventListener('click', function () {
    if (data.session) { end('/close'); } else { closed(data.closeUrl); }
  });

  if (!data.session) {
    tell({ type: 'hapi-connect-error', error: JSON.parse(data.error) });
    return;
  }

  document.querySelectorAll('#sources [data-source]').forEach(function (row) {
    var button = row.querySelector('button');
    button.addEventListener('click', function () { press(row, button); });
  });
  document.getElementById('done').addEventListener('click', function () { end('/finish'); });
  tell({ type: 'hapi-connect-open', token: { sessionToken: data.session } });
  window.setTimeout(poll, pollEvery);
})();
