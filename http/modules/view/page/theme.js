// SPDX-License-Identifier: BSD-2-Clause
// The choice of colours. The browser keeps it, so that it is the same on each page.

for (const [value, name] of [
  ["light dark", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
])
  $("theme").append(el("option", {value}, name));

const useTheme = () => {
  document.documentElement.style.colorScheme = $("theme").value;
};
try {
  const kept = [...$("theme").options].find(one => one.value === localStorage.getItem("tidepool-colours"));
  if (kept) kept.selected = true;
} catch {
  // This browser keeps nothing: each page begins with "Auto".
}
useTheme();
$("theme").addEventListener("change", () => {
  useTheme();
  try {
    localStorage.setItem("tidepool-colours", $("theme").value);
  } catch {
    // As above: the choice is for this page.
  }
});
