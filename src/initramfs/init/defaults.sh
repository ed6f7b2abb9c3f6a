# Stand-ins for the values that the build writes here from the config.
version=0
onfailure=reboot
rebootafter=30
waitseconds=30
