// Before anything is drawn: the token leaves the address, and the theme is the chosen one.
(function () {
  var found = /^#token=([0-9A-Za-z_-]+)$/.exec(location.hash);
  if (found) {
    sessionStorage.setItem('crew.token', found[1]);
    history.replaceState(null, '', location.pathname + location.search);
  }
  try {
    var chosen = JSON.parse(localStorage.getItem('crew.preferences') || '{}');
    var dark = matchMedia('(prefers-color-scheme: dark)').matches;
    var more = matchMedia('(prefers-contrast: more)').matches;
    var system = more ? (dark ? 'high-contrast' : 'high-contrast-light') : dark ? 'dark' : 'light';
    var root = document.documentElement.dataset;
    root.theme = chosen.theme && chosen.theme !== 'system' ? chosen.theme : system;
    if (chosen.density) root.density = chosen.density;
    if (chosen.motion) root.motion = chosen.motion;
    if (chosen.mono) root.mono = chosen.mono;
    if (chosen.text) root.text = chosen.text;
  } catch {
    // What cannot be read is as if nothing had been chosen.
  }
})();
