// What the provider's guide asks of a page: open the popup on a click, hand its finish on, refresh.
// The page holds no key and no secret; its backend asks the ledger for the launch options, and keeps
// the verifier in this session that shows whose popup it was.
(function () {
  'use strict';
  var button = document.getElementById('connect-health-data-btn');
  var note = document.getElementById('message');
  var page = document.body.dataset;
  var kept = 'demo-message';
  var waiting = 'demo-finish';

  function say(text, kind) {
    note.textContent = text;
    note.dataset.kind = kind || 'info';
  }

  // Shows the page as the ledger now knows the user, with a message above it.
  function refresh(text, kind) {
    sessionStorage.setItem(kept, JSON.stringify({ text: text, kind: kind }));
    window.location.reload();
  }

  function post(url, body) {
    return fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body)
    }).catch(function () {
      throw new Error('The ledger does not answer. Please try again in a moment.');
    }).then(function (response) {
      return response.json().catch(function () { return {}; }).then(function (answer) {
        // 202 is a problem too: the provider's answer is not known yet.
        if (answer.code) { throw new Error(answer.detail || answer.code); }
        return answer;
      });
    });
  }

  // The ledger holds a finish until our own backend shows that it was this session's. What waits is
  // kept, so that a page that was loaded anew goes on with it.
  function finish(launch, sessionTokenObject) {
    return post(launch.finish_url, sessionTokenObject).then(function (answer) {
      if (answer.status !== 'held') { return answer; }
      var path = '/confirm?launch=' + encodeURIComponent(launch.launch_id) +
        '&code=' + encodeURIComponent(answer.finish_code);
      sessionStorage.setItem(waiting, path);
      return confirm(path);
    });
  }

  function confirm(path) {
    return post(path, {}).then(function (answer) {
      sessionStorage.removeItem(waiting);
      return answer;
    });
  }

  function open(launch) {
    var options = launch.options;
    var failure = null;
    if (page.withoutToken === 'true') { options.publicToken = ''; }
    options.finish = function (err, sessionTokenObject) {
      say('Storing the new tokens …');
      finish(launch, sessionTokenObject).then(function () {
        refresh('Your sources are connected.', 'good');
      }).catch(function (error) { refresh(error.message, 'bad'); });
    };
    options.close = function () {
      post(launch.finish_url + '/closed', {}).then(function () {
        refresh(failure || 'The popup was closed.', failure ? 'bad' : 'info');
      }).catch(function (error) { refresh(error.message, 'bad'); });
    };
    options.error = function (error) {
      failure = error.message + ': ' + error.detailedMessage;
      say(failure, 'bad');
      post(launch.finish_url + '/failed', { code: error.code }).catch(function () {});
    };
    window.HumanConnect.open(options);
    say('The popup is open.');
    button.disabled = false;
  }

  button.addEventListener('click', function () {
    if (!window.HumanConnect) {
      say('The provider does not answer: connect.js could not be loaded.', 'bad');
      return;
    }
    button.disabled = true;
    say('Opening …');
    post('/launches?user=' + encodeURIComponent(page.user), {}).then(function (launch) {
      document.getElementById('mode').textContent = launch.mode;
      open(launch);
    }).catch(function (error) {
      say(error.message, 'bad');
      button.disabled = false;
    });
  });

  var unfinished = sessionStorage.getItem(waiting);
  if (unfinished) {
    sessionStorage.removeItem(waiting);
    confirm(unfinished).then(function () {
      refresh('Your sources are connected.', 'good');
    }).catch(function (error) { say(error.message, 'bad'); });
  }
  var stored = sessionStorage.getItem(kept);
  if (stored) {
    sessionStorage.removeItem(kept);
    stored = JSON.parse(stored);
    if (!note.textContent) { say(stored.text, stored.kind); }
  }
})();
