# Stand-ins for the values that the build writes here from the config.
version=0
onfailure=reboot
rebootafter=30
waitseconds=30
statefs=ext4
statelabel=dock0-state
stateinit=empty
stategrow=on
statecheck=on
stateencryption=none
statekey=
statepcrs=
